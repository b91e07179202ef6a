"""A change of an endpoint holds from its answer on: nothing goes the old way after it."""

import asyncio

from payymo_api.core import log
from payymo_api.core.db import Database
from payymo_api.core.types import EndpointId, TenantId, public_id
from payymo_api.webhooks.repository import lanes

_LOOK_SECONDS = 0.02
_log = log.get(__name__)


async def until_let_go(
    database: Database, tenant_id: TenantId, id: EndpointId, taken: int, longest: float
) -> None:
    """Return when the worker that has the lane since before the change has let go of it.

    It has heard of the change, begins nothing more, and waits for what is under way: for as long
    as an endpoint may take to answer, which `longest` (seconds) is to cover.
    """
    ends_at = asyncio.get_running_loop().time() + longest
    while asyncio.get_running_loop().time() < ends_at:
        async with database.scope(tenant_id) as scope:
            if not await lanes.is_held(scope, id, taken):
                return
        await asyncio.sleep(_LOOK_SECONDS)
    _log.warning("webhook_endpoint_still_served", endpoint=public_id("we", id))
