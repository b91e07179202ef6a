"""Read an account: ask with no transaction open, then write everything in one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from payymo_api.banking.errors import (
    AccountForbidden,
    AccountGone,
    AccountInactive,
    AccountPartUnavailable,
    AccountSuspended,
    AllowanceSpent,
    ConsentExpired,
    ConsentTooNarrow,
)
from payymo_api.banking.events import BankConnectionExpired, BankConnectionUpdated
from payymo_api.banking.gateway import Allowance, Balance, BankGateway, TransactionPage
from payymo_api.banking.models import BankAccount, BankConnection, SyncRun
from payymo_api.banking.repository import AccountRepository, ConnectionRepository
from payymo_api.banking.rules import schedule
from payymo_api.banking.rules.line import FEED, Line, read
from payymo_api.banking.rules.merge import Merge, told_in_full
from payymo_api.banking.service import runs
from payymo_api.banking.service.banks import Banks
from payymo_api.banking.service.consent import announce
from payymo_api.banking.service.merging import Telling, balances_told, keep
from payymo_api.core.clock import now
from payymo_api.core.db import Database, Scope
from payymo_api.core.errors import PayymoError
from payymo_api.core.types import AccountId, ConnectionId, RunId, TenantId

_ENDED = (ConsentExpired, AccountGone)
_STOPPED = (AccountSuspended, AccountForbidden, ConsentTooNarrow)
_WITHOUT_BALANCES = (AllowanceSpent, AccountPartUnavailable, ConsentTooNarrow)
_SHOWN_WARNINGS = 20


@dataclass(frozen=True, slots=True)
class _Task:
    """What a reading needs to know; taken in a transaction of its own."""

    run_id: RunId
    account_id: AccountId
    started_at: datetime
    provider: str
    provider_ref: str
    first: date
    last: date


async def sync_account(
    database: Database, banks: Banks, tenant_id: TenantId, account_id: AccountId, run_id: RunId
) -> None:
    """Carry out a run that was queued.

    A run that has ended stays as it is. What may be tried again is raised once it is noted, so that
    the outbox puts it off; a spent allowance and an ended consent are noted only.
    """
    async with database.scope(tenant_id) as scope:
        task = await _begin(scope, account_id, run_id)
    if task is None:
        return
    try:
        bank = banks.of(task.provider)
        page = await bank.transactions(task.provider_ref, task.first, task.last)
        balances = await _balances(bank, task.provider_ref)
    except PayymoError as error:
        async with database.scope(tenant_id) as scope:
            await _note_failure(scope, task, error)
        if error.retryable and not isinstance(error, AllowanceSpent):
            raise
        return
    async with database.scope(tenant_id) as scope:
        await _store(scope, task, page, balances)


async def _begin(scope: Scope, account_id: AccountId, run_id: RunId) -> _Task | None:
    """Take the run, unless there is nothing to read (any more)."""
    account = await AccountRepository(scope).get_locked(account_id)
    run = await runs.take(scope, run_id)
    if run is None:
        return None
    connection = await _connection(scope, account)
    if connection is None or account.provider_ref is None:
        run.status, run.ended_at = "failed", now()
        run.error_code, run.error_detail = "connection_not_active", "The feed was removed."
        return None
    last_booked_on = await AccountRepository(scope).last_booked_on(account_id)
    first, last = schedule.window(last_booked_on, connection.history_days, now().date())
    run.window_from, run.window_to = first, last
    ref = account.provider_ref
    return _Task(run_id, account_id, run.started_at, connection.provider, ref, first, last)


async def _connection(scope: Scope, account: BankAccount) -> BankConnection | None:
    if account.connection_id is None:
        return None
    found = await ConnectionRepository(scope).find(account.connection_id)
    return found if found and found.status == "active" else None


async def _balances(bank: BankGateway, provider_ref: str) -> Sequence[Balance] | None:
    """None if the bank won't tell them now: they have an allowance of their own, and the lines
    count without them."""
    try:
        return (await bank.balances(provider_ref)).balances
    except PayymoError as error:
        if not error.retryable and not isinstance(error, _WITHOUT_BALANCES):
            raise
        return None


async def _store(
    scope: Scope, task: _Task, page: TransactionPage, balances: Sequence[Balance] | None
) -> None:
    account = await AccountRepository(scope).get_locked(task.account_id)
    run = await runs.still_mine(scope, task.run_id, task.started_at)
    if run is None or account.provider_ref != task.provider_ref:
        return
    telling = _telling(task, page, is_first=account.last_synced_at is None)
    found = await keep(scope, account, telling)
    _count(run, found, _warnings(page, len(telling.lines)))
    runs.succeed(run)
    moment = now()
    account.last_synced_at = moment
    if balances is not None:
        account.balances, account.balances_at = balances_told(balances), moment
    _plan(account, page.allowance, moment)
    await _note_success(scope, account, moment)


def _telling(task: _Task, page: TransactionPage, *, is_first: bool) -> Telling:
    """An unreadable line may be one that we have: then nothing counts as gone."""
    read_lines = [read(each, FEED, task.last) for each in page.transactions]
    lines = [line for line in read_lines if line]
    window = None if page.rejected else told_in_full(task.first, task.last, lines)
    first = min([task.first, *(line.booked_on for line in lines)])
    return Telling(lines, first, max(_latest(lines), task.last), window, in_bulk=is_first)


def _latest(lines: Sequence[Line]) -> date:
    return max((line.booked_on for line in lines), default=date.min)


def _warnings(page: TransactionPage, lines: int) -> list[dict[str, str]]:
    found = [{"code": "unreadable_line", "detail": each.reason} for each in page.rejected]
    undated = len(page.transactions) - lines
    if undated:
        detail = f"{undated} lines without any date wait until the bank dates them"
        found.append({"code": "undated_line", "detail": detail})
    return found[:_SHOWN_WARNINGS]


def _count(run: SyncRun, found: Merge, warnings: list[dict[str, str]]) -> None:
    run.added, run.modified, run.removed = (
        len(found.added),
        len(found.modified),
        len(found.removed),
    )
    run.paired, run.unchanged, run.warnings = found.paired, found.unchanged, warnings


def _plan(account: BankAccount, allowance: Allowance | None, moment: datetime) -> None:
    """Note the allowance, and choose the next reading within it."""
    if allowance:
        account.calls_limit, account.calls_left = allowance.limit, allowance.remaining
        account.calls_reset_at = allowance.resets_at
    account.next_sync_at = schedule.next_reading(
        moment,
        account.id,
        calls_limit=account.calls_limit,
        calls_left=account.calls_left,
        resets_at=account.calls_reset_at,
    )


async def _note_success(scope: Scope, account: BankAccount, moment: datetime) -> None:
    assert account.connection_id is not None
    connection = await ConnectionRepository(scope).find_locked(account.connection_id)
    if connection is None:
        return
    connection.last_synced_at = moment
    if connection.error_code:
        connection.error_code = connection.error_detail = None
        await announce(scope, connection, BankConnectionUpdated)


async def _note_failure(scope: Scope, task: _Task, error: PayymoError) -> None:
    account = await AccountRepository(scope).get_locked(task.account_id)
    run = await runs.still_mine(scope, task.run_id, task.started_at)
    if run is None:
        return
    if isinstance(error, AllowanceSpent):
        _rest(account, run, error)
        return
    runs.fail(run, error)
    if isinstance(error, AccountInactive):
        account.status, account.next_sync_at = "closed", None
    elif account.connection_id:
        await note_trouble(scope, account.connection_id, error)


def _rest(account: BankAccount, run: SyncRun, error: AllowanceSpent) -> None:
    """The bank's word: no calls before the reset, and none is spent on asking again."""
    resets_at = now() + timedelta(seconds=error.retry_after or 0)
    account.calls_left, account.calls_reset_at = 0, resets_at
    account.next_sync_at = schedule.after_reset(resets_at, account.id)
    run.status, run.ended_at = "failed", now()
    run.error_code, run.error_detail = error.code, error.detail


async def note_trouble(scope: Scope, id: ConnectionId, error: PayymoError) -> None:
    """Show the error on the connection; what its holder alone can mend stops the readings."""
    connection = await ConnectionRepository(scope).find_locked(id)
    if connection is None or connection.error_code == error.code:
        return
    connection.error_code, connection.error_detail = error.code, error.detail
    if isinstance(error, (*_ENDED, *_STOPPED)):
        connection.status = "expired" if isinstance(error, _ENDED) else "error"
        for account in await AccountRepository(scope).of_connections([id]):
            account.next_sync_at = None
    has_ended = connection.status == "expired"
    await announce(scope, connection, BankConnectionExpired if has_ended else BankConnectionUpdated)
