"""The life of a run: queued with its event, taken by one worker at a time, ended."""

from datetime import datetime, timedelta

from payymo_api.banking.errors import SyncRunning
from payymo_api.banking.events import AccountDue, Trigger
from payymo_api.banking.models import BankAccount, SyncRun
from payymo_api.banking.repository import RunRepository
from payymo_api.core.clock import now
from payymo_api.core.db import Scope
from payymo_api.core.errors import PayymoError
from payymo_api.core.types import RunId
from payymo_api.messaging import outbox

LEASE = timedelta(seconds=25)
"""A worker that was killed is replaced after it. One that lives keeps its event leased, so that no
other starts even if the bank takes longer."""
_AGAIN_SECONDS = 10


async def request_sync(scope: Scope, account: BankAccount, trigger: Trigger) -> SyncRun | None:
    """Queue a run and its job; None if a run of the account is open already."""
    run = await RunRepository(scope).open(account, trigger)
    if run:
        await outbox.record(
            scope, AccountDue(account_id=account.id, run_id=run.id, trigger=trigger)
        )
    return run


async def take(scope: Scope, id: RunId) -> SyncRun | None:
    """Begin the run; None if it has ended, SyncRunning while another worker is at it."""
    run = await RunRepository(scope).get_locked(id)
    if run.ended_at is not None:
        return None
    moment = now()
    if run.leased_until and run.leased_until > moment:
        raise SyncRunning("Another worker reads this account.", retry_after=_AGAIN_SECONDS)
    run.status, run.started_at, run.leased_until = "running", moment, moment + LEASE
    return run


async def still_mine(scope: Scope, id: RunId, leased_until: datetime | None) -> SyncRun | None:
    """Return the run if no other worker has taken it over meanwhile."""
    run = await RunRepository(scope).get_locked(id)
    return run if run.leased_until == leased_until and run.status == "running" else None


async def prolong(scope: Scope, id: RunId, leased_until: datetime | None) -> datetime | None:
    """Hold the run for another call; None if another worker has taken it over."""
    run = await still_mine(scope, id, leased_until)
    if run is None:
        return None
    run.leased_until = now() + LEASE
    return run.leased_until


def succeed(run: SyncRun) -> None:
    run.status, run.ended_at, run.leased_until = "succeeded", now(), None
    run.error_code = run.error_detail = None


def fail(run: SyncRun, error: PayymoError, *, again: bool = False) -> None:
    """Keep why; one that is tried `again` waits in the queue, the rest has ended."""
    run.error_code, run.error_detail, run.leased_until = error.code, error.detail, None
    run.status = "queued" if again else "failed"
    run.ended_at = None if again else now()
