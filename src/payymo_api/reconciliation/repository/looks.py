"""No news is missed by a look at lines that had begun before.

A look reads what there is, then decides; to news that comes meanwhile, its lines neither wait nor
are they decided. So whoever has news waits for the looks that have begun; later ones know the news.
"""

from sqlalchemy import ColumnElement, func, select

from payymo_api.core.db import Database, Scope
from payymo_api.core.types import TenantId


async def join(scope: Scope) -> None:
    """Look at lines, beside others who look, until the transaction ends."""
    lock = func.pg_advisory_xact_lock_shared(_key(scope.tenant_id))
    await scope.session.execute(select(lock))


async def over(database: Database, tenant_id: TenantId) -> None:
    """Return when the looks that have begun are over."""
    async with database.scope(tenant_id) as scope:
        await scope.session.execute(select(func.pg_advisory_xact_lock(_key(tenant_id))))


def _key(tenant_id: TenantId) -> ColumnElement[int]:
    return func.hashtextextended(f"looks:{tenant_id}", 0)
