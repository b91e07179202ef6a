"""A reading that failed: what it cost, whether it is tried again, and what the account shows."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from payymo_api.banking.errors import (
    AllowanceSpent,
    CredentialsRefused,
    ProviderBusy,
    ProviderNotConfigured,
    ProviderPlanSpent,
    ReadingOvertaken,
)
from payymo_api.banking.models import BankAccount, SyncRun
from payymo_api.banking.repository import AccountRepository
from payymo_api.banking.rules import schedule
from payymo_api.banking.rules.allowance import RESERVE
from payymo_api.banking.service import runs, troubles
from payymo_api.banking.service.allowances import budget_of, keep_budget
from payymo_api.core.clock import now
from payymo_api.core.db import Scope
from payymo_api.core.errors import PayymoError
from payymo_api.core.types import AccountId, RunId

_COST_NOTHING = (CredentialsRefused, ProviderBusy, ProviderNotConfigured, ProviderPlanSpent)
"""The provider stopped the call itself; the bank was not asked."""
_USERS_RETRY_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Failing:
    """A reading that may fail: before its lines have come, or when it `asks_balances`."""

    run_id: RunId
    account_id: AccountId
    provider_ref: str
    started_at: datetime
    asks_balances: bool


async def still_ours(scope: Scope, reading: Failing) -> tuple[BankAccount, SyncRun]:
    """Lock account and run; ReadingOvertaken if another worker, or another consent, has them."""
    account = await AccountRepository(scope).get_locked(reading.account_id)
    run = await runs.still_mine(scope, reading.run_id, reading.started_at)
    if account.provider_ref != reading.provider_ref:
        raise ReadingOvertaken("The account has another feed now.")
    return account, run


async def note_failure(scope: Scope, failed: Failing, error: PayymoError) -> bool:
    """Note it; True if the same run is to be tried again after the error's `retry_after`."""
    account, run = await still_ours(scope, failed)
    moment, budget = now(), budget_of(account)
    if isinstance(error, AllowanceSpent):
        resets_at = moment + timedelta(seconds=error.retry_after or 0)
        keep_budget(account, budget.exhausted(moment, resets_at))
        rest(account, run, error, schedule.after_reset(resets_at, account.id))
        return False
    if isinstance(error, _COST_NOTHING):
        if not failed.asks_balances:
            keep_budget(account, budget.give_back())
    elif error.retryable:
        error.retry_after = max(error.retry_after or 0, _pause(run, budget.limit))
    again = error.retryable and budget_of(account).left(moment) > _kept_back(run)
    runs.fail(run, error, again=again)
    await troubles.note(scope, account, error)
    return again


def _pause(run: SyncRun, calls_limit: int) -> int:
    """A user who waits is served sooner."""
    seconds = schedule.retry_seconds(calls_limit)
    return seconds if run.trigger == "schedule" else min(seconds, _USERS_RETRY_SECONDS)


def _kept_back(run: SyncRun) -> int:
    """A planned reading's retry leaves the reserve and the next slot's call."""
    return RESERVE + 1 if run.trigger == "schedule" else 0


def rest(account: BankAccount, run: SyncRun, error: AllowanceSpent, until: datetime) -> None:
    """No calls before that, and none is spent on asking again."""
    if account.next_sync_at:
        account.next_sync_at = max(account.next_sync_at, until)
    runs.fail(run, error)
