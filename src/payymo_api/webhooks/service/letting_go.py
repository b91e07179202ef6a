"""A change of an endpoint holds from its answer on: nothing goes the old way after it."""

import asyncio
from collections import Counter

from payymo_api.core import log
from payymo_api.core.db import Database
from payymo_api.core.errors import PayymoError
from payymo_api.core.types import EndpointId, TenantId, public_id
from payymo_api.webhooks.errors import TooManyChanges
from payymo_api.webhooks.repository import lanes

_FIRST_LOOK, _LONGEST_LOOK = 0.02, 0.5
_AT_ONCE = 5
_waiting: Counter[TenantId] = Counter()
_log = log.get(__name__)


def check_room(tenant_id: TenantId) -> None:
    """TooManyChanges (429) if this process waits for several changes of the tenant already."""
    if _waiting[tenant_id] >= _AT_ONCE:
        raise TooManyChanges("Changes of your endpoints are under way.", retry_after=1)


async def until_let_go(
    database: Database, tenant_id: TenantId, id: EndpointId, taken: int, longest: float
) -> None:
    """Return when the worker that has the lane since before the change has let go of it.

    It has heard of the change, begins nothing more, and waits for what is under way: for as long
    as an endpoint may take to answer, which `longest` (seconds) is to cover.
    """
    _waiting[tenant_id] += 1
    try:
        async with asyncio.timeout(longest):
            pause = _FIRST_LOOK
            while await _is_held(database, tenant_id, id, taken):
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_LOOK)
    except TimeoutError:
        _log.warning("webhook_endpoint_still_served", endpoint=public_id("we", id))
    finally:
        _waiting[tenant_id] -= 1
        if not _waiting[tenant_id]:
            del _waiting[tenant_id]


async def _is_held(database: Database, tenant_id: TenantId, id: EndpointId, taken: int) -> bool:
    """The change is committed: that the database has no time now does not undo it."""
    try:
        async with database.scope(tenant_id) as scope:
            return await lanes.is_held(scope, id, taken)
    except PayymoError:
        return True
