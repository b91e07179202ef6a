"""Events of all tenants on their way to deliveries: many in one statement (ADR 21)."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from payymo_api.core.types import TenantId
from payymo_api.core.writes import Write, WriteScope
from payymo_api.messaging import outbox
from payymo_api.messaging.relay import NUMBERING
from payymo_api.webhooks.repository import lanes
from payymo_api.webhooks.repository.lanes import Key

_NEW = "data IS NOT NULL AND sequence IS NULL"
_ARRIVED = f"""
WITH RECURSIVE owners AS (
    (SELECT tenant_id FROM outbox_events WHERE {_NEW} AND tenant_id > $1
     ORDER BY tenant_id LIMIT 1)
    UNION ALL
    SELECT (SELECT e.tenant_id FROM outbox_events e WHERE {_NEW} AND e.tenant_id > o.tenant_id
            ORDER BY e.tenant_id LIMIT 1)
    FROM owners o WHERE o.tenant_id IS NOT NULL)
SELECT found.* FROM owners CROSS JOIN LATERAL (
    SELECT tenant_id, id, name, payload, data, occurred_at, erased_at FROM outbox_events
    WHERE {_NEW} AND tenant_id = owners.tenant_id ORDER BY id LIMIT $2) found
LIMIT $3
"""  # noqa: S608  our own text
_COUNT = """
INSERT INTO event_counters AS c (tenant_id, last)
SELECT * FROM unnest($1::uuid[], $2::bigint[]) ORDER BY 1
ON CONFLICT (tenant_id) DO UPDATE SET last = c.last + excluded.last RETURNING tenant_id, last
"""
_ENDPOINTS = """
SELECT tenant_id, id, event_types, each_line, filter, ordering FROM webhook_endpoints
WHERE tenant_id = ANY($1::uuid[]) AND removed_at IS NULL ORDER BY tenant_id, id
"""
_DONE = """
UPDATE outbox_events e SET sequence = told.sequence, body = told.body, done_at = now()
FROM unnest({}::uuid[], {}::uuid[], {}::bigint[], {}::bytea[])
    AS told (tenant_id, id, sequence, body)
WHERE e.tenant_id = told.tenant_id AND e.id = told.id
"""
_OWE = """
INSERT INTO webhook_deliveries
    (tenant_id, id, event_id, event_type, sequence, endpoint_id, ordering_key)
SELECT * FROM unnest({}::uuid[], {}::uuid[], {}::uuid[], {}::text[], {}::bigint[], {}::uuid[],
    {}::text[])
"""


async def become_the_one(scope: WriteScope) -> bool:
    """Be the one who numbers events; False if somebody else is at it.

    So what was committed earlier never comes later.
    """
    (row,) = await scope.fetch("SELECT pg_try_advisory_xact_lock($1)", NUMBERING)
    return bool(row[0])


async def arrived(
    scope: WriteScope, after: UUID, of_each: int, limit: int
) -> Sequence[Mapping[str, Any]]:
    """Return events that have no place yet, the oldest of each tenant, of the tenants `after`."""
    return await scope.fetch(_ARRIVED, after, of_each, limit)


async def count(scope: WriteScope, counts: Mapping[TenantId, int]) -> dict[TenantId, int]:
    """Return the last of the numbers that each tenant's new events get."""
    rows = await scope.fetch(_COUNT, list(counts), list(counts.values()))
    return {row["tenant_id"]: row["last"] for row in rows}


async def endpoints(scope: WriteScope, ids: Collection[TenantId]) -> Sequence[Mapping[str, Any]]:
    return await scope.fetch(_ENDPOINTS, list(ids))


async def owe(
    scope: WriteScope,
    events: Sequence[Sequence[Any]],
    deliveries: Sequence[Sequence[Any]],
    keys: Collection[Key],
) -> None:
    """Give the events their places and bodies, and owe them to the endpoints of these lanes.

    The columns are those of `_DONE` and `_OWE`.
    """
    writes = [Write(_DONE, events)]
    if keys:
        writes += [Write(_OWE, deliveries), Write(lanes.TOUCH, lanes.columns(sorted(keys)))]
        await scope.notify(lanes.NEWS, lanes.told([endpoint_id for _, endpoint_id in keys]))
    await scope.notify(outbox.NUMBERED)
    await scope.write(*writes)
