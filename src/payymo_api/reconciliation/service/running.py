"""Runs: somebody asks that every open line is looked at again, and can read what became of it."""

from payymo_api.banking.repository import TransactionRepository
from payymo_api.core.clock import now
from payymo_api.core.db import Database, Scope
from payymo_api.core.types import MatchingRunId, TenantId
from payymo_api.messaging import outbox
from payymo_api.reconciliation.events import MatchingDue
from payymo_api.reconciliation.models import MatchingRun
from payymo_api.reconciliation.repository import looks
from payymo_api.reconciliation.repository.runs import MatchingRunRepository
from payymo_api.reconciliation.service.examining import examine


async def ask(scope: Scope, requested_by: str) -> MatchingRun:
    """Queue a run; one that waits already will look at the same lines, and is returned."""
    row, is_new = await MatchingRunRepository(scope).queue(requested_by)
    if is_new:
        await outbox.record(scope, MatchingDue(run_id=row.id))
    return row


async def run(database: Database, tenant_id: TenantId, id: MatchingRunId) -> None:
    await looks.over(database, tenant_id)
    async with database.scope(tenant_id) as scope:
        await _begin(scope, id)
    await examine(database, tenant_id)
    async with database.scope(tenant_id) as scope:
        await _end(scope, id)


async def _begin(scope: Scope, id: MatchingRunId) -> None:
    """A run that goes on after its worker was killed has its lines marked already."""
    row = await MatchingRunRepository(scope).get_locked(id)
    if row.status == "queued":
        row.lines = await TransactionRepository(scope).examine_again()
        row.status = "running"


async def _end(scope: Scope, id: MatchingRunId) -> None:
    row = await MatchingRunRepository(scope).get_locked(id)
    if row.status == "running":
        row.status, row.ended_at = "succeeded", now()
