"""Daily rollups: fold what was added, and prove them against the lines."""

from payymo_api.banking.repository import rollups
from payymo_api.core.db import Database
from payymo_api.core.types import TenantId

_TENANTS_AT_ONCE = 100


async def fold_new(database: Database) -> int:
    """Fold every tenant's news; return how many tenants had any."""
    async with database.system() as session:
        tenants = await rollups.unfolded(session, _TENANTS_AT_ONCE)
    for tenant_id in tenants:
        await _fold(database, tenant_id)
    return len(tenants)


async def _fold(database: Database, tenant_id: TenantId) -> None:
    """Each step is a transaction of its own."""
    replaced = rollups.FOLDED_AT_ONCE
    while replaced >= rollups.FOLDED_AT_ONCE:
        async with database.scope(tenant_id) as scope:
            replaced = await rollups.fold(scope)


async def check(database: Database, tenant_id: TenantId, *, mend: bool) -> int:
    """Return how many cells differ from what the lines add up to; `mend` puts them right."""
    async with database.scope(tenant_id) as scope:
        found = await rollups.differences(scope)
        if found and mend:
            await rollups.mend(scope)
    return found
