"""No news is missed by a look at lines that had begun before.

A look reads what there is, then decides; to news that comes meanwhile, its lines neither wait nor
are they decided. So whoever has news waits for the looks that have begun; later ones know the news.
"""

from sqlalchemy import ColumnElement, func, select

from payymo_api.core.db import Scope


async def begin(scope: Scope) -> None:
    """Look at lines until the transaction ends, beside others who look."""
    await scope.session.execute(select(func.pg_advisory_xact_lock_shared(_key(scope))))


async def wait(scope: Scope) -> None:
    """Wait for the looks that have begun; until this transaction ends no other begins."""
    await scope.session.execute(select(func.pg_advisory_xact_lock(_key(scope))))


def _key(scope: Scope) -> ColumnElement[int]:
    return func.hashtextextended(f"looks:{scope.tenant_id}", 0)
