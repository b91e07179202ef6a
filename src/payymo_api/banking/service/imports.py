"""Statement files into accounts: importing the same file twice changes nothing."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from payymo_api.banking.errors import UnknownStatementAccount
from payymo_api.banking.models import BankAccount, SyncRun
from payymo_api.banking.repository import AccountRepository, RunRepository
from payymo_api.banking.rules.line import Line, Source, read
from payymo_api.banking.rules.merge import NEAR, Merge
from payymo_api.banking.schemas.transactions import AccountImport, FileWarning, ImportAnswer
from payymo_api.banking.service.merging import Telling, balances_told, keep
from payymo_api.banking.statements import Statement, StatementAccount, StatementFormat
from payymo_api.core.clock import now
from payymo_api.core.db import Scope
from payymo_api.core.money import decimal_text
from payymo_api.core.types import AccountId, RunId, new_id

_SHOWN = 100
_SOURCES: Final[Mapping[StatementFormat, Source]] = {
    StatementFormat.CAMT: "camt",
    StatementFormat.MT940: "mt940",
}


async def import_statements(
    scope: Scope, statements: Sequence[Statement], account_id: AccountId | None
) -> ImportAnswer:
    """Merge every statement into its account; UnknownStatementAccount stores nothing."""
    groups: dict[AccountId, list[Statement]] = defaultdict(list)
    for statement in statements:
        account = await _account(scope, statement.account, account_id)
        groups[account.id].append(statement)
    imports = [await _import(scope, id, groups[id]) for id in sorted(groups)]
    return ImportAnswer(
        format=statements[0].format.value,
        read=sum(each.read for each in imports),
        added=sum(each.added for each in imports),
        imports=imports,
    )


async def _account(
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
        return chosen
    found = await accounts.named(named.iban, None if named.iban else named.other_id)
    same = [row for row in found if named.currency in {None, row.currency}]
    if len(same) != 1:
        name = named.iban or named.other_id or "an account without a number"
        raise UnknownStatementAccount.at(
            "/file", UnknownStatementAccount.code, f"The file is of {name}: no account is that one."
        )
    return same[0]


async def _import(scope: Scope, id: AccountId, statements: Sequence[Statement]) -> AccountImport:
    account = await AccountRepository(scope).get_locked(id)
    source = _SOURCES[statements[0].format]
    today = now().date()
    told = [read(line, source, today) for each in statements for line in each.lines]
    lines = [line for line in told if line]
    warnings = _warnings(statements, undated=len(told) - len(lines))
    found = Merge([], [], [], 0, 0)
    if lines:
        days = [line.booked_on for line in lines]
        telling = Telling(lines, min(days) - NEAR, max(days) + NEAR, None, in_bulk=True)
        told_by_feed = await AccountRepository(scope).days_of_feed(id)
        found = await keep(scope, account, telling)
        warnings += _unpaired(found, told_by_feed)
    _tell_balances(account, statements)
    run = await _note(scope, account, lines, found, warnings)
    return AccountImport(
        account_id=id,
        run_id=run.id,
        statements=len(statements),
        read=len(lines),
        added=len(found.added),
        modified=len(found.modified),
        paired=found.paired,
        duplicates=_duplicates(lines, found, source),
        warnings=[FileWarning(**each) for each in warnings],
    )


def _unpaired(found: Merge, days: tuple[date, date] | None) -> list[dict[str, str]]:
    """Flag what the file alone has on days that the feed has told; nobody guesses who is right."""
    if days is None:
        return []
    alone = [
        each.line
        for each in found.added
        if each.line.booked and days[0] <= each.line.booked_on <= days[1]
    ]
    details = [
        f"{line.booked_on} {decimal_text(line.amount_minor, line.currency)} {line.currency}: "
        "the bank's feed has no such line on this day"
        for line in alone
    ]
    return [{"code": "not_in_feed", "detail": each} for each in details[:_SHOWN]]


def _duplicates(lines: Sequence[Line], found: Merge, source: Source) -> int:
    """Lines that an earlier import of the same kind had told, word for word."""
    retold = sum(change.kept.source == source for change in found.modified)
    return len(lines) - len(found.added) - found.paired - retold


def _warnings(statements: Sequence[Statement], *, undated: int) -> list[dict[str, str]]:
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


async def _note(
    scope: Scope,
    account: BankAccount,
    lines: Sequence[Line],
    found: Merge,
    warnings: list[dict[str, str]],
) -> SyncRun:
    days = [line.booked_on for line in lines]
    run = RunRepository(scope).add(
        SyncRun(
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
            ended_at=now(),
        )
    )
    await scope.session.flush()
    return run
