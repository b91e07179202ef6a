"""Statement files into accounts: importing the same file twice changes nothing."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from payymo_api.banking.errors import UnknownStatementAccount
from payymo_api.banking.models import BankAccount, SyncRun
from payymo_api.banking.repository import AccountRepository, RunRepository
from payymo_api.banking.rules.line import Line, Source, read
from payymo_api.banking.rules.merge import Merge
from payymo_api.banking.rules.pairing import NEAR
from payymo_api.banking.rules.unpaired import Days, is_told, not_in_file, not_told_by
from payymo_api.banking.schemas.imports import AccountImport, ImportAnswer
from payymo_api.banking.schemas.mappings import CsvMapping
from payymo_api.banking.service import csv_files
from payymo_api.banking.service.answers import import_answer
from payymo_api.banking.service.merging import Telling, balances_told, keep
from payymo_api.banking.statements import (
    Statement,
    StatementAccount,
    StatementFile,
    StatementFormat,
)
from payymo_api.core.clock import now
from payymo_api.core.db import Scope
from payymo_api.core.types import AccountId, KeyId, RunId, new_id

_SHOWN = 500
_SOURCES: Final[Mapping[StatementFormat, Source]] = {
    StatementFormat.CAMT: "camt",
    StatementFormat.MT940: "mt940",
    StatementFormat.OFX: "ofx",
    StatementFormat.CSV: "csv",
}


@dataclass(frozen=True, slots=True)
class Order:
    """What the caller says of a file: into which account, how to read its columns, by which key."""

    account_id: AccountId | None = None
    mapping: CsvMapping | None = None
    key_id: KeyId | None = None


async def import_file(scope: Scope, file: StatementFile, order: Order) -> ImportAnswer:
    """Merge every statement into its account; a refusal stores nothing."""
    groups: dict[AccountId, list[Statement]] = defaultdict(list)
    for account, statement in await _statements(scope, file, order):
        groups[account.id].append(statement)
    imports = [await _import(scope, id, groups[id], file, order) for id in sorted(groups)]
    return ImportAnswer(
        format=file.format.value,
        read=sum(each.read for each in imports),
        added=sum(each.added for each in imports),
        imports=imports,
    )


async def _statements(
    scope: Scope, file: StatementFile, order: Order
) -> list[tuple[BankAccount, Statement]]:
    id = order.account_id
    if file.format is StatementFormat.CSV:
        account, statement = await csv_files.statement_of(scope, file, id, order.mapping)
        return [(await account_of(scope, statement.account, account.id), statement)]
    told = with_lines(file.statements)
    if id and len({(each.account.iban, each.account.other_id) for each in told}) > 1:
        raise UnknownStatementAccount.at(
            "/account_id",
            UnknownStatementAccount.code,
            "The file is of several accounts: make each of them, and send no account_id.",
        )
    return [(await account_of(scope, each.account, id), each) for each in told]


def with_lines(statements: Sequence[Statement]) -> Sequence[Statement]:
    """Leave out the quiet accounts of a file of several: they need not be here."""
    return [each for each in statements if each.lines] or statements[:1]


async def account_of(
    scope: Scope, named: StatementAccount, account_id: AccountId | None
) -> BankAccount:
    """Return the account that the caller chose, which must not contradict what the file names."""
    accounts = AccountRepository(scope)
    if account_id:
        chosen = await accounts.referenced(account_id, "/account_id")
        if named.iban and chosen.iban and named.iban != chosen.iban:
            raise UnknownStatementAccount.at(
                "/account_id",
                UnknownStatementAccount.code,
                f"The file is of {named.iban}, the account is {chosen.iban}.",
            )
        if named.currency not in {None, chosen.currency}:
            raise UnknownStatementAccount.at(
                "/account_id",
                UnknownStatementAccount.code,
                f"The file is in {named.currency}, the account is in {chosen.currency}.",
            )
        return chosen
    found = await accounts.named(named.iban, None if named.iban else named.other_id)
    same = [row for row in found if named.currency in {None, row.currency}]
    if len(same) != 1:
        name = named.iban or named.other_id or "an account without a number"
        raise UnknownStatementAccount.at(
            "/file", UnknownStatementAccount.code, f"The file is of {name}: no account is that one."
        )
    return same[0]


async def _import(
    scope: Scope,
    id: AccountId,
    statements: Sequence[Statement],
    file: StatementFile,
    order: Order,
) -> AccountImport:
    account = await AccountRepository(scope).get_locked(id)
    source = _SOURCES[file.format]
    lines, undated = await asyncio.to_thread(_dated, statements, source, now().date())
    found = Merge([], [], [], 0, 0)
    days_of_feed = await AccountRepository(scope).days_of_feed(id)
    days_of_files = await RunRepository(scope).days_of_files(id, file.format.value)
    if lines:
        found = await keep(scope, account, _telling(lines))
    _tell_balances(account, statements)
    flags = _flags(found, lines, source, days_of_feed, days_of_files)
    warnings = _warnings(statements, undated) + _unpaired(flags)
    run = _run(account, lines, found, warnings)
    run.file_digest = file.digest
    run.file = {
        "name": file.name,
        "format": file.format.value,
        "key_id": order.key_id and str(order.key_id),
        "statements": len(statements),
        "read": len(lines),
        "duplicates": _duplicates(lines, found, source),
        "flagged_count": len(flags),
        "flagged": flags[:_SHOWN],
    }
    return await _kept(scope, run)


def _telling(lines: Sequence[Line]) -> Telling:
    """Compare with the file's own days: an id of a line of another day may be given anew by now.

    What the file calls pending may be booked already, on another day.
    """
    days = [line.booked_on for line in lines]
    margin = timedelta(0) if all(line.booked for line in lines) else NEAR
    return Telling(lines, min(days) - margin, max(days) + margin, None, in_bulk=True)


def _dated(statements: Sequence[Statement], source: Source, today: date) -> tuple[list[Line], int]:
    """Return the lines, and how many have no date at all."""
    told = [read(line, source, today) for each in statements for line in each.lines]
    lines = [line for line in told if line]
    return lines, len(told) - len(lines)


async def _kept(scope: Scope, run: SyncRun) -> AccountImport:
    """Keep the run; of imports of the same bytes it names the first."""
    runs = RunRepository(scope)
    assert run.file is not None
    assert run.file_digest is not None
    first = await runs.first_of_file(run.account_id, run.file_digest)
    run.file = run.file | {"same_file_as": first and str(first)}
    runs.add(run)
    await scope.session.flush()
    return import_answer(run)


def _flags(
    found: Merge,
    lines: Sequence[Line],
    source: Source,
    days_of_feed: Days | None,
    days_of_files: Sequence[Days],
) -> list[dict[str, Any]]:
    """A line that the feed has not is flagged for that alone."""
    fed = [days_of_feed] if days_of_feed else []
    flags = [
        (line, "not_in_feed" if is_told(line.booked_on, fed) else "not_in_other_file")
        for line in not_told_by(found, [*fed, *days_of_files])
    ]
    flags += [(line, "not_in_file") for line in not_in_file(found, lines, source)]
    return [
        {
            "booked_on": line.booked_on.isoformat(),
            "amount_minor": line.amount_minor,
            "currency": line.currency,
            "description": line.description,
            "reason": reason,
        }
        for line, reason in flags
    ]


def _unpaired(flags: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
    """Say how many lines are flagged; nobody guesses who is right."""
    sentences = {
        "not_in_feed": "lines are in the file only, on days that the bank's feed tells too",
        "not_in_other_file": "lines are in this file only, on days that another format tells too",
        "not_in_file": "lines were told otherwise, and are not in the file, on days that it tells",
    }
    counts = {reason: sum(flag["reason"] == reason for flag in flags) for reason in sentences}
    return [
        {"code": reason, "detail": f"{count} {sentences[reason]}"}
        for reason, count in counts.items()
        if count
    ]


def _duplicates(lines: Sequence[Line], found: Merge, source: Source) -> int:
    """Lines that an earlier import of the same kind had told, word for word."""
    retold = sum(change.kept.source == source for change in found.modified)
    return len(lines) - len(found.added) - found.paired - retold


def _warnings(statements: Sequence[Statement], undated: int) -> list[dict[str, str]]:
    found = [{"code": w.code, "detail": w.detail} for each in statements for w in each.warnings]
    if undated:
        found.append({"code": "undated_line", "detail": f"{undated} lines have no date at all."})
    return found


def _tell_balances(account: BankAccount, statements: Sequence[Statement]) -> None:
    """Without a feed the latest statement knows the account's balances best."""
    dated = [
        (each.closing.reference_on.isoformat(), place, each.balances)
        for place, each in enumerate(statements)
        if each.closing and each.closing.reference_on
    ]
    if account.status != "no_feed" or not dated:
        return
    day, _, balances = max(dated, key=lambda each: each[:2])
    known = max((each["reference_on"] or "" for each in account.balances), default="")
    if day >= known:
        account.balances, account.balances_at = balances_told(balances), now()


def _run(
    account: BankAccount,
    lines: Sequence[Line],
    found: Merge,
    warnings: list[dict[str, str]],
) -> SyncRun:
    days = [line.booked_on for line in lines]
    moment = now()
    return SyncRun(
        id=RunId(new_id()),
        account_id=account.id,
        connection_id=account.connection_id,
        trigger="import",
        status="succeeded",
        window_from=min(days, default=None),
        window_to=max(days, default=None),
        added=len(found.added),
        modified=len(found.modified),
        paired=found.paired,
        unchanged=found.unchanged,
        warnings=warnings,
        started_at=moment,
        ended_at=moment,
    )
