"""Statement files as the engine's lines: each line once, whatever files tell it."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from pathlib import Path
from typing import Final
from uuid import NAMESPACE_OID, UUID, uuid5

from payymo_api.backtest.errors import Unusable
from payymo_api.backtest.past import ReadFile
from payymo_api.backtest.tables import Choices
from payymo_api.banking.errors import MappingMisfit, StatementUnreadable
from payymo_api.banking.rules import line as telling
from payymo_api.banking.rules.merge import merge
from payymo_api.banking.statements import Statement, StatementFile, StatementFormat, read_file
from payymo_api.banking.statements.csv_guess import guess
from payymo_api.banking.statements.csv_statement import read_csv
from payymo_api.core.money import decimals
from payymo_api.core.types import TransactionId
from payymo_api.reconciliation.rules.values import Line

_SOURCES: Final[dict[StatementFormat, telling.Source]] = {
    StatementFormat.CAMT: "camt",
    StatementFormat.MT940: "mt940",
    StatementFormat.OFX: "ofx",
    StatementFormat.CSV: "csv",
}


@dataclass(slots=True)
class Bank:
    """`names`: what a bank line is called by those who say what it paid -> the lines so called."""

    lines: list[Line] = field(default_factory=list)
    names: dict[str, list[UUID]] = field(default_factory=lambda: defaultdict(list))
    accounts: set[str] = field(default_factory=set)
    owners: set[str] = field(default_factory=set)
    files: list[ReadFile] = field(default_factory=list)

    def line_named(self, name: str) -> UUID | None:
        """Return the one line of this name; None if there is none, or several."""
        found = self.names.get(name_key(name), ())
        return found[0] if len(found) == 1 else None


def name_key(name: str) -> str:
    return "".join(name.casefold().split())


def load(path: Path, root: Path) -> StatementFile:
    """Read a file's bytes; a CSV file is read when its account's currency is known."""
    name = path.relative_to(root).as_posix()
    try:
        return read_file(path.read_bytes(), name)
    except StatementUnreadable as error:
        raise Unusable(name, error.detail) from error


def currencies(files: Sequence[StatementFile]) -> set[str]:
    """Return what the files that name their fields say of their accounts."""
    told = (statement for file in files for statement in file.statements)
    return {each.account.currency for each in told if each.account.currency}


def read_bank(files: Sequence[StatementFile], choices: Choices, usual: str | None) -> Bank:
    """`usual`: the currency of an account whose file names none.

    The formats that say most come first: what another tells again is the same line.
    """
    bank, kept = Bank(), defaultdict[str, list[telling.Kept]](list)
    order = sorted(files, key=lambda file: -telling.RANKS.index(_SOURCES[file.format]))
    for file in order:
        statements, columns = _statements(file, choices, usual)
        count = sum(len(each.lines) for each in statements)
        warnings = tuple(w.detail for each in statements for w in each.warnings)
        name = file.name or ""
        bank.files.append(ReadFile(name, file.format.value, count, columns, warnings))
        for statement in statements:
            account = _account(statement, bank)
            bank.accounts |= {account} - {""}
            bank.owners |= {statement.account.owner_name or ""} - {""}
            new = list(_new(statement, kept[account], account))
            kept[account] += new
            for each in new:
                _add(bank, each, account)
    bank.lines.sort(key=lambda line: line.booked_on)
    return bank


def _statements(
    file: StatementFile, choices: Choices, usual: str | None
) -> tuple[Sequence[Statement], dict[str, str]]:
    if file.sheet is None:
        return file.statements, {}
    name, currency = file.name or "", choices.currency or usual
    try:
        found = guess(file.sheet, decimals(currency or "EUR"))
        mapping = found.mapping
        if mapping is None:
            raise Unusable(name, "no column holds a date, or none an amount")
        if currency is None and mapping.currency is None:
            raise Unusable(name, "names no currency, nor does any other file: say --currency")
        chosen = {
            "date_order": mapping.date_order or choices.date_order,
            "decimal": mapping.decimal or choices.decimal,
        }
        mapping = mapping.model_copy(update=chosen)
        reading = read_csv(file.content, mapping, currency or "EUR", name)
    except (StatementUnreadable, MappingMisfit) as error:
        raise Unusable(name, _with_option(error.detail)) from error
    if reading.problems:
        raise Unusable(name, reading.problems[0])
    return (reading.statement,), mapping.columns()


def _account(statement: Statement, bank: Bank) -> str:
    """A file that names no account is taken to be of the only one that others name."""
    named = statement.account.iban or statement.account.other_id
    return named or (next(iter(bank.accounts)) if len(bank.accounts) == 1 else "")


def _with_option(detail: str) -> str:
    for field_name, option in (("date_order", "--date-order"), ("decimal", "--decimal")):
        detail = detail.replace(f"{field_name} must say how", f"say {option}")
    return detail


def _new(
    statement: Statement, kept: Sequence[telling.Kept], account: str
) -> Iterator[telling.Kept]:
    """Yield the booked lines that no file before has told, in the order of their days."""
    source = _SOURCES[statement.format]
    told = (telling.read(each, source, date.max) for each in statement.lines)
    booked = [line for line in told if line and line.booked]
    for placed in merge(kept, booked, None).added:
        print_ = placed.line.fingerprint
        name = f"{account} {print_.hex()} {placed.occurrence}"
        values = {each.name: getattr(placed.line, each.name) for each in fields(telling.Line)}
        yield telling.Kept(
            **values,
            id=TransactionId(uuid5(NAMESPACE_OID, name)),
            occurrence=placed.occurrence,
            kept_fingerprint=print_,
        )


def _add(bank: Bank, told: telling.Kept, account: str) -> None:
    line = Line(
        id=told.id,
        amount=told.amount_minor,
        currency=told.currency,
        booked_on=told.booked_on,
        texts=tuple(filter(None, dict.fromkeys((told.description, told.reference)))),
        account=account or None,
        counterparty_name=told.counterparty_name,
        counterparty_account=told.counterparty_iban or told.raw.get("counterparty_account"),
        end_to_end_id=told.end_to_end_id,
        bank_reference=told.provider_id,
    )
    bank.lines.append(line)
    names = {told.provider_id, told.internal_id, told.end_to_end_id, told.reference} - {None}
    for name in sorted({name_key(str(each)) for each in names}):
        bank.names[name].append(line.id)
