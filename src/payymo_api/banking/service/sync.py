"""Read an account: ask with no transaction open, then write everything in one."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from payymo_api.banking.errors import (
    AccountPartUnavailable,
    AllowanceSpent,
    ConnectionNotActive,
    ConsentTooNarrow,
)
from payymo_api.banking.gateway import BalancePage, BankGateway, TransactionPage
from payymo_api.banking.models import FEEDING, BankAccount, BankConnection, SyncRun
from payymo_api.banking.repository import AccountRepository, ConnectionRepository
from payymo_api.banking.rules import schedule
from payymo_api.banking.rules.allowance import DAY, RESERVE
from payymo_api.banking.rules.institutions import corrected
from payymo_api.banking.rules.line import FEED, Line, read
from payymo_api.banking.rules.merge import Merge, Window, told_in_full
from payymo_api.banking.rules.unpaired import left_by_feed
from payymo_api.banking.service import runs, troubles
from payymo_api.banking.service.allowances import budget_of, correct, keep_budget
from payymo_api.banking.service.banks import Banks
from payymo_api.banking.service.failures import Failing, note_failure, rest, still_ours
from payymo_api.banking.service.merging import Telling, balances_told, keep
from payymo_api.core.clock import now, rfc3339
from payymo_api.core.db import Database, Scope
from payymo_api.core.errors import PayymoError, ProviderError
from payymo_api.core.money import decimal_text
from payymo_api.core.types import AccountId, RunId, TenantId

_WITHOUT_BALANCES = (AllowanceSpent, AccountPartUnavailable, ConsentTooNarrow)
_SHOWN_WARNINGS = 20


@dataclass(frozen=True, slots=True)
class _Task(Failing):
    """What a reading needs to know; taken in a transaction of its own."""

    provider: str
    institution_id: str
    currency: str
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class _Told:
    """What the bank told; `digest`: what its lines say, in whatever order."""

    page: TransactionPage
    lines: Sequence[Line]
    digest: bytes


async def sync_account(
    database: Database, banks: Banks, tenant_id: TenantId, account_id: AccountId, run_id: RunId
) -> None:
    """Carry out a run that was queued.

    A run that has ended stays as it is. What is tried again is raised once it is noted, so that
    the outbox puts it off; all else is noted only.
    """
    async with database.scope(tenant_id) as scope:
        task = await _begin(scope, account_id, run_id)
    if task is None:
        return
    try:
        bank = banks.of(task.provider)
        page = await bank.transactions(task.provider_ref, task.first, task.last)
        told = await asyncio.to_thread(_told, task, page)
        async with database.scope(tenant_id) as scope:
            task = await _go_on(scope, task, told)
        balances = await _balances(bank, task.provider_ref) if task.asks_balances else None
    except (ProviderError, AllowanceSpent) as error:
        async with database.scope(tenant_id) as scope:
            again = await note_failure(scope, task, error)
        if again:
            raise
        return
    async with database.scope(tenant_id) as scope:
        await _store(scope, task, told, balances)


async def _begin(scope: Scope, account_id: AccountId, run_id: RunId) -> _Task | None:
    """Take the run and count its call, unless there is nothing to read (any more) or no call left.

    The plan leaves the reserve to who waits for the answer: the user.
    """
    account = await AccountRepository(scope).get_locked(account_id)
    run = await runs.take(scope, run_id)
    if run is None:
        return None
    connection = await _connection(scope, account)
    if connection is None or account.provider_ref is None:
        account.next_sync_at = None
        runs.fail(run, ConnectionNotActive("The connection can't be read any more."))
        return None
    moment, budget = now(), budget_of(account)
    opens_at = budget.opens_at(moment, RESERVE if run.trigger == "schedule" else 0)
    if opens_at > moment:
        allowed = f"The bank allows the next call at {rfc3339(opens_at)}."
        rest(account, run, AllowanceSpent(allowed), opens_at)
        return None
    keep_budget(account, budget.spend(moment))
    first, last = schedule.window(account.fed_to, connection.history_days, moment.date())
    run.window_from, run.window_to = first, last
    ref = account.provider_ref
    held = (run_id, account_id, ref, run.started_at, False)
    bank = connection.provider, connection.institution_id, account.currency
    return _Task(*held, *bank, first, last)


async def _connection(scope: Scope, account: BankAccount) -> BankConnection | None:
    if account.connection_id is None or account.status not in troubles.READABLE:
        return None
    found = await ConnectionRepository(scope).find(account.connection_id)
    return found if found and found.status in FEEDING else None


def _told(task: _Task, page: TransactionPage) -> _Told:
    told = corrected(page.transactions, task.institution_id, task.currency)
    lines = [line for each in told if (line := read(each, FEED, task.last))]
    said = sorted(b"%d" % line.booked + line.fingerprint for line in lines)
    return _Told(page, lines, hashlib.blake2b(b"".join(said), digest_size=16).digest())


async def _go_on(scope: Scope, task: _Task, told: _Told) -> _Task:
    """Count another call, if one is needed.

    Balances change with the lines: while those are the same, yesterday's are not asked for anew.
    """
    account, _ = await still_ours(scope, task)
    moment = now()
    correct(account, told.page.allowance, moment)
    is_old = account.balances_at is None or account.balances_at <= moment - DAY
    budget = budget_of(account, "balances")
    asks = (is_old or account.told_digest != told.digest) and budget.left(moment) > 0
    if asks:
        keep_budget(account, budget.spend(moment), "balances")
    return replace(task, asks_balances=asks)


async def _balances(bank: BankGateway, provider_ref: str) -> BalancePage | None:
    """None if the bank won't tell them now: they have an allowance of their own, and the lines
    count without them."""
    try:
        return await bank.balances(provider_ref)
    except PayymoError as error:
        if not error.retryable and not isinstance(error, _WITHOUT_BALANCES):
            raise
        return None


async def _store(scope: Scope, task: _Task, told: _Told, balances: BalancePage | None) -> None:
    account, run = await still_ours(scope, task)
    telling = _telling(task, told, is_first=account.last_synced_at is None)
    found = await keep(scope, account, telling)
    warnings = _warnings(told) + _unpaired(found, telling.window)
    _count(run, found, warnings[:_SHOWN_WARNINGS])
    runs.succeed(run)
    moment = now()
    account.last_synced_at = moment
    _note_told(account, told)
    if balances is None and task.asks_balances:
        account.told_digest = None  # these lines' balances are still to be asked for
    elif balances is not None:
        account.balances, account.balances_at = balances_told(balances.balances), moment
        correct(account, balances.allowance, moment, "balances")
    account.next_sync_at = schedule.next_reading(moment, account.id, budget_of(account))
    await troubles.clear(scope, account, moment)


def _telling(task: _Task, told: _Told, *, is_first: bool) -> Telling:
    """An unreadable line may be one that we have: then nothing counts as gone."""
    lines = told.lines
    window = None if told.page.rejected else told_in_full(task.first, task.last, lines)
    days = [line.booked_on for line in lines]
    first, last = min([task.first, *days]), max([task.last, *days])
    return Telling(lines, first, last, window, in_bulk=is_first)


def _note_told(account: BankAccount, told: _Told) -> None:
    account.told_digest = told.digest
    booked = [line.booked_on for line in told.lines if line.booked]
    account.fed_from = min(filter(None, [account.fed_from, *booked]), default=None)
    account.fed_to = max(filter(None, [account.fed_to, *booked]), default=None)


def _warnings(told: _Told) -> list[dict[str, str]]:
    found = [{"code": "unreadable_line", "detail": each.reason} for each in told.page.rejected]
    undated = len(told.page.transactions) - len(told.lines)
    if undated:
        detail = f"{undated} lines without any date wait until the bank dates them"
        found.append({"code": "undated_line", "detail": detail})
    return found


def _unpaired(found: Merge, window: Window | None) -> list[dict[str, str]]:
    """Flag what a file had told and the feed does not; nobody guesses who is right."""
    return [
        {
            "code": "not_in_feed",
            "detail": f"{line.booked_on} {decimal_text(line.amount_minor, line.currency)} "
            f"{line.currency}: a statement file has this line, the bank's feed has not",
        }
        for line in left_by_feed(found, window)
    ]


def _count(run: SyncRun, found: Merge, warnings: list[dict[str, str]]) -> None:
    run.added, run.modified, run.removed = (
        len(found.added),
        len(found.modified),
        len(found.removed),
    )
    run.paired, run.unchanged, run.warnings = found.paired, found.unchanged, warnings
