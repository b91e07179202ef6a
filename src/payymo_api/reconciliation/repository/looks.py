"""Looks at lines take turns with news, so that none is decided by what was true before the news.

A look reads what there is, then decides; news that comes meanwhile finds the line neither waiting
nor decided. So whoever brings news waits for the looks that have begun, and later ones wait for
it: a moment, as it only marks lines.
"""

from sqlalchemy import ColumnElement, func, select

from payymo_api.core.db import Scope


async def begin(scope: Scope) -> None:
    """Look at lines until the transaction ends, beside others who look."""
    await scope.session.execute(select(func.pg_advisory_xact_lock_shared(_key(scope))))


async def wait(scope: Scope) -> None:
    """Wait for all looks that have begun; none begins before the transaction ends."""
    await scope.session.execute(select(func.pg_advisory_xact_lock(_key(scope))))


def _key(scope: Scope) -> ColumnElement[int]:
    return func.hashtextextended(f"looks:{scope.tenant_id}", 0)
