"""The life of a run: queued with its event, taken by one worker at a time, ended."""

from datetime import datetime

from payymo_api.banking.errors import ReadingOvertaken
from payymo_api.banking.events import AccountDue, Trigger
from payymo_api.banking.models import BankAccount, SyncRun
from payymo_api.banking.repository import RunRepository
from payymo_api.core.clock import now
from payymo_api.core.db import Scope
from payymo_api.core.errors import PayymoError
from payymo_api.core.types import RunId
from payymo_api.messaging import outbox


async def request_sync(scope: Scope, account: BankAccount, trigger: Trigger) -> SyncRun | None:
    """Queue a run and its job; None if a run of the account is open already."""
    run = await RunRepository(scope).open(account, trigger)
    if run:
        await outbox.record(
            scope, AccountDue(account_id=account.id, run_id=run.id, trigger=trigger)
        )
    return run


async def take(scope: Scope, id: RunId) -> SyncRun | None:
    """Begin the run; None if it has ended. One that is running was left by a worker that died:
    whoever lives keeps its event leased."""
    run = await RunRepository(scope).get_locked(id)
    if run.ended_at is not None:
        return None
    run.status, run.started_at = "running", now()
    return run


async def still_mine(scope: Scope, id: RunId, started_at: datetime) -> SyncRun:
    """Return the run; ReadingOvertaken if another worker has begun it anew meanwhile.

    The event is not done with that: should the other worker die, somebody has to end the run.
    """
    run = await RunRepository(scope).get_locked(id)
    if run.started_at != started_at or run.status != "running":
        raise ReadingOvertaken("Another worker has begun this reading anew.")
    return run


def succeed(run: SyncRun) -> None:
    run.status, run.ended_at = "succeeded", now()
    run.error_code = run.error_detail = None


def fail(run: SyncRun, error: PayymoError, *, again: bool = False) -> None:
    """Keep why; one that is tried `again` waits in the queue, the rest has ended."""
    run.error_code, run.error_detail = error.code, error.detail
    run.status = "queued" if again else "failed"
    run.ended_at = None if again else now()
