"""The bank took a line back: what was matched with it comes undone, with what builds on it."""

from payymo_api.banking.repository import lines_to_settle
from payymo_api.core.db import Database
from payymo_api.core.types import MatchId, TenantId, TransactionId
from payymo_api.reconciliation.errors import CreditInUse, LaterMatchDepends, MatchUndone
from payymo_api.reconciliation.repository.matches import MatchRepository
from payymo_api.reconciliation.service.matching import ENGINE, undo
from payymo_api.reconciliation.service.suggesting import withdraw


async def undo_line(database: Database, tenant_id: TenantId, id: TransactionId) -> None:
    """Undo the line's matches, the latest first, each in a transaction of its own."""
    async with database.scope(tenant_id) as scope:
        await withdraw(scope, await lines_to_settle(scope, [id]))
        matches = [row.id for row in await MatchRepository(scope).of_line(id)]
    for match_id in matches:
        await _undo(database, tenant_id, match_id)


async def _undo(database: Database, tenant_id: TenantId, id: MatchId) -> None:
    """Undo a match; where a later one builds on it, that one first."""
    try:
        async with database.scope(tenant_id) as scope:
            await undo(scope, id, ENGINE)
    except MatchUndone:
        return
    except (CreditInUse, LaterMatchDepends):
        followers = await _followers(database, tenant_id, id)
        if not followers:
            raise
        for follower in followers:
            await _undo(database, tenant_id, follower)
        await _undo(database, tenant_id, id)


async def _followers(database: Database, tenant_id: TenantId, id: MatchId) -> list[MatchId]:
    async with database.scope(tenant_id) as scope:
        matches = MatchRepository(scope)
        return [row.id for row in await matches.followers(await matches.get(id))]
