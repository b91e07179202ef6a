"""What was told is forgotten in the end: events, their deliveries, and the attempts at these.

An event may have thousands of deliveries, so they go first, in batches of their own.
"""

from payymo_api.core.db import Database
from payymo_api.webhooks.repository.events import EVENTS_KEPT

_EVENTS_AT_ONCE, _DELIVERIES_AT_ONCE = 1000, 5000
_OLD = """
SELECT tenant_id, id FROM outbox_events WHERE body IS NOT NULL AND done_at < now() - $1::interval
ORDER BY done_at LIMIT $2 FOR UPDATE SKIP LOCKED
"""
_FORGET_DELIVERIES = """
DELETE FROM webhook_deliveries WHERE (tenant_id, id) IN (
  SELECT delivery.tenant_id, delivery.id FROM unnest($1::uuid[], $2::uuid[]) AS old (tenant_id, id)
  JOIN webhook_deliveries AS delivery
    ON delivery.tenant_id = old.tenant_id AND delivery.event_id = old.id
  LIMIT $3
) RETURNING id
"""
_FORGET_EVENTS = """
DELETE FROM outbox_events
USING unnest($1::uuid[], $2::uuid[]) AS old (tenant_id, id)
WHERE outbox_events.tenant_id = old.tenant_id AND outbox_events.id = old.id
"""
_FORGET_REPLAYS = """
DELETE FROM webhook_replays WHERE (tenant_id, id) IN (
  SELECT tenant_id, id FROM webhook_replays WHERE created_at < now() - $1::interval LIMIT $2
) RETURNING id
"""


async def forget_old(database: Database) -> int:
    """Delete a batch of what is past its time; return how many rows, 0 if none is left."""
    async with database.system_write_scope() as scope:
        old = await scope.fetch(_OLD, EVENTS_KEPT, _EVENTS_AT_ONCE)
        if not old:
            return len(await scope.fetch(_FORGET_REPLAYS, EVENTS_KEPT, _EVENTS_AT_ONCE))
        keys = [row["tenant_id"] for row in old], [row["id"] for row in old]
        gone = await scope.fetch(_FORGET_DELIVERIES, *keys, _DELIVERIES_AT_ONCE)
        if len(gone) == _DELIVERIES_AT_ONCE:
            return len(gone)
        await scope.fetch(_FORGET_EVENTS, *keys)
    return len(gone) + len(old)
