"""Lanes: who serves which endpoint now, and when one is to be served next (ADR 21).

The statements of the system's scope serve lanes of all tenants at once; they lock lanes in the
order of their keys, as everybody does.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from payymo_api.core.db import AnyScope, Database
from payymo_api.core.types import EndpointId, TenantId
from payymo_api.core.writes import Write, WriteScope
from payymo_api.messaging.leases import LIVING

NEWS = "payymo_lanes"
"""The channel that tells which endpoints' lanes have something new."""
CHANGES = "payymo_endpoints"
"""The channel that tells which endpoints are not what they were."""
WINDOW = 1000
"""Deliveries in order that are looked at: what a stuck key holds up may hide at most the rest."""

Key = tuple[TenantId, EndpointId]
_MOST_TOLD = 200  # ids of 32 characters; a payload has at most 8,000

_LOCKED = """
SELECT tenant_id, endpoint_id FROM webhook_lanes
WHERE (tenant_id, endpoint_id) IN (SELECT * FROM unnest({}::uuid[], {}::uuid[]))
ORDER BY tenant_id, endpoint_id FOR NO KEY UPDATE
"""
_AMONG = "l.tenant_id = mine.tenant_id AND l.endpoint_id = mine.endpoint_id"
TOUCH = f"""
UPDATE webhook_lanes l
SET due_at = CASE WHEN leased_until > now() THEN due_at ELSE least(due_at, now()) END
FROM ({_LOCKED}) mine WHERE {_AMONG}
"""  # noqa: S608  our own text
"""Something new waits. A lane that is served stays with its worker, which hears the news; the row
is written all the same, so that a release waits for what it would not see."""
_LEASE = f"""
WITH mine AS (
    SELECT tenant_id, endpoint_id FROM webhook_lanes WHERE is_open AND due_at <= now()
    ORDER BY due_at LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED)
UPDATE webhook_lanes l
SET leased_by = $2, leased_until = now() + $3::interval, due_at = now() + $3::interval,
    leases = leases + 1
FROM mine WHERE {_AMONG}
RETURNING l.tenant_id, l.endpoint_id, l.failing_since
"""  # noqa: S608  our own text
_ANY_DUE = "SELECT true FROM webhook_lanes WHERE is_open AND due_at <= now() LIMIT 1"
_RENEW = f"""
UPDATE webhook_lanes l SET leased_until = now() + $4::interval, due_at = now() + $4::interval
FROM ({_LOCKED.format("$1", "$2")}) mine WHERE {_AMONG} AND l.leased_by = $3
RETURNING l.tenant_id, l.endpoint_id, l.is_open, (
    SELECT updated_at FROM webhook_endpoints e
    WHERE e.tenant_id = l.tenant_id AND e.id = l.endpoint_id)
"""  # noqa: S608  our own text
_ENDPOINTS = """
SELECT e.* FROM webhook_endpoints e
JOIN unnest($1::uuid[], $2::uuid[]) AS mine (tenant_id, id) USING (tenant_id, id)
"""
_FREE = f"""
WITH mine AS (
    SELECT tenant_id, endpoint_id FROM webhook_lanes
    WHERE leased_by > 0 AND leased_by NOT IN ({LIVING})
    ORDER BY tenant_id, endpoint_id FOR NO KEY UPDATE SKIP LOCKED)
UPDATE webhook_lanes l SET leased_by = NULL, leased_until = NULL, due_at = now()
FROM mine WHERE {_AMONG}
"""  # noqa: S608  our own text
_RELEASE = f"""
UPDATE webhook_lanes l SET leased_by = NULL, leased_until = NULL, due_at = least(
    (SELECT min(next_attempt_at) FROM webhook_deliveries d
     WHERE d.tenant_id = l.tenant_id AND d.endpoint_id = l.endpoint_id
     AND d.status = 'pending' AND d.ordering_key IS NULL),
    (SELECT min(next_attempt_at) FROM (
        SELECT DISTINCT ON (ordering_key) next_attempt_at FROM (
            SELECT ordering_key, sequence, id, next_attempt_at FROM webhook_deliveries d
            WHERE d.tenant_id = l.tenant_id AND d.endpoint_id = l.endpoint_id
            AND d.status = 'pending' AND d.ordering_key IS NOT NULL
            ORDER BY sequence, id LIMIT {WINDOW}) first
        ORDER BY ordering_key, sequence, id) heads))
FROM unnest($1::uuid[], $2::uuid[]) AS mine (tenant_id, endpoint_id)
WHERE {_AMONG} AND l.leased_by = $3
"""  # noqa: S608  our own text
_FAILING = f"""
UPDATE webhook_lanes l SET failing_since = mine.since,
    warned_percent = CASE WHEN mine.since IS NULL THEN 0 ELSE l.warned_percent END
FROM (SELECT tenant_id, endpoint_id, since
    FROM unnest({{}}::uuid[], {{}}::uuid[], {{}}::timestamptz[])
        AS told (tenant_id, endpoint_id, since)
    JOIN webhook_lanes USING (tenant_id, endpoint_id)
    ORDER BY tenant_id, endpoint_id FOR NO KEY UPDATE OF webhook_lanes) mine
WHERE {_AMONG}
"""  # noqa: S608  our own text
_OPEN = """
INSERT INTO webhook_lanes AS l (tenant_id, endpoint_id, is_open, due_at)
VALUES ({}::uuid, {}::uuid, {}::boolean, now())
ON CONFLICT (tenant_id, endpoint_id) DO UPDATE SET is_open = excluded.is_open,
    due_at = CASE WHEN l.leased_until > now() THEN l.due_at ELSE least(l.due_at, now()) END,
    failing_since = CASE WHEN l.is_open OR NOT excluded.is_open THEN l.failing_since END,
    warned_percent = CASE WHEN l.is_open OR NOT excluded.is_open THEN l.warned_percent ELSE 0 END
"""
"""Whoever opens it again has seen to it: it is not failing until it fails again."""
_FAILING_NOW = """
SELECT l.tenant_id, l.endpoint_id, l.failing_since, l.warned_percent FROM webhook_lanes l
JOIN unnest($1::uuid[], $2::uuid[]) AS mine (tenant_id, endpoint_id) USING (tenant_id, endpoint_id)
WHERE l.is_open AND l.failing_since IS NOT NULL
ORDER BY l.tenant_id, l.endpoint_id FOR NO KEY UPDATE OF l
"""
_WARNED = """
UPDATE webhook_lanes SET warned_percent = {} WHERE tenant_id = {} AND endpoint_id = {}
"""
_ANEW = """
UPDATE webhook_lanes SET failing_since = {}, warned_percent = 0
WHERE tenant_id = {} AND endpoint_id = {}
"""
_OLDEST = """
SELECT extract(epoch FROM now() - min(due_at))::float8 AS seconds
FROM webhook_lanes WHERE is_open AND due_at <= now()
"""
_LEASES = "SELECT leases FROM webhook_lanes WHERE tenant_id = $1 AND endpoint_id = $2"
_HELD = f"""
SELECT true FROM webhook_lanes WHERE tenant_id = $1 AND endpoint_id = $2 AND leases = $3
AND leased_until > now() AND (leased_by < 0 OR leased_by IN ({LIVING}))
"""  # noqa: S608  our own text


class Failing(NamedTuple):
    key: Key
    since: datetime
    warned_percent: int


async def touch(scope: AnyScope, endpoint_ids: Collection[EndpointId]) -> None:
    """Say that there is something new for these endpoints, when the transaction commits."""
    tenants = [scope.tenant_id] * len(endpoint_ids)
    await scope.write(Write(TOUCH, [tenants, list(endpoint_ids)]))
    await scope.notify(NEWS, told(endpoint_ids))


async def open_or_close(scope: AnyScope, endpoint_id: EndpointId, *, is_open: bool) -> None:
    """Let the endpoint be served or not, and tell the workers that it has changed, on commit."""
    await scope.write(Write(_OPEN, [scope.tenant_id, endpoint_id, is_open]))
    await tell_changed(scope, [endpoint_id])
    await scope.notify(NEWS, told([endpoint_id]))


async def tell_changed(scope: AnyScope, endpoint_ids: Collection[EndpointId]) -> None:
    """Let workers forget what they have read for these endpoints, when the transaction commits."""
    if endpoint_ids:
        await scope.notify(CHANGES, told(endpoint_ids))


async def leases(scope: AnyScope, endpoint_id: EndpointId) -> int:
    """Return how often the lane was taken."""
    (row,) = await scope.fetch(_LEASES, scope.tenant_id, endpoint_id)
    return int(row["leases"])


async def is_held(scope: AnyScope, endpoint_id: EndpointId, taken: int) -> bool:
    """Tell whether a worker that lives serves the endpoint since the lane was taken so often."""
    return bool(await scope.fetch(_HELD, scope.tenant_id, endpoint_id, taken))


async def lease(
    scope: WriteScope, limit: int, by: int, time: timedelta
) -> Sequence[Mapping[str, Any]]:
    """Take lanes that are due: their keys and `failing_since`."""
    return await scope.fetch(_LEASE, limit, by, time)


async def is_any_due(scope: WriteScope) -> bool:
    return bool(await scope.fetch(_ANY_DUE))


async def endpoints(scope: WriteScope, keys: Collection[Key]) -> Sequence[Mapping[str, Any]]:
    """Return the endpoints as they are now."""
    return await scope.fetch(_ENDPOINTS, *columns(keys))


async def renew(
    scope: WriteScope, keys: Collection[Key], by: int, time: timedelta
) -> dict[Key, datetime]:
    """Keep these lanes for longer; return those that are still ours, and open.

    With each, when its endpoint was changed last.
    """
    rows = await scope.fetch(_RENEW, *columns(keys), by, time)
    return {
        (row["tenant_id"], row["endpoint_id"]): row["updated_at"] for row in rows if row["is_open"]
    }


async def release(scope: WriteScope, keys: Collection[Key], by: int) -> None:
    """Give these lanes back, each due when its next delivery is.

    They are locked first: only a statement that begins after that sees all that came meanwhile.
    """
    await scope.fetch(_LOCKED.format("$1", "$2"), *columns(keys))
    await scope.fetch(_RELEASE, *columns(keys), by)


async def oldest_seconds(database: Database) -> float:
    """Return for how long the endpoint that is due longest has been waiting for a worker."""
    async with database.system_write_scope() as scope:
        (row,) = await scope.fetch(_OLDEST)
    return float(row["seconds"] or 0)


async def free_those_of_the_dead(scope: WriteScope) -> None:
    """Make due what workers had that are gone."""
    await scope.fetch(_FREE)


def note_failing(since: Mapping[Key, datetime | None]) -> Write:
    """Keep since when these endpoints fail; None for one that has answered."""
    return Write(_FAILING, [*columns(since), list(since.values())])


async def failing(scope: AnyScope, keys: Collection[Key]) -> list[Failing]:
    """Return those of the endpoints that are served and fail, their lanes locked."""
    rows = await scope.fetch(_FAILING_NOW, *columns(keys))
    return [
        Failing((row["tenant_id"], row["endpoint_id"]), row["failing_since"], row["warned_percent"])
        for row in rows
    ]


async def note_warned(scope: AnyScope, endpoint_id: EndpointId, percent: int) -> None:
    await scope.write(Write(_WARNED, [percent, scope.tenant_id, endpoint_id]))


async def count_anew(scope: AnyScope, endpoint_id: EndpointId, since: datetime) -> None:
    """Take it that the endpoint fails since then."""
    await scope.write(Write(_ANEW, [since, scope.tenant_id, endpoint_id]))


def columns(keys: Collection[Key]) -> tuple[list[UUID], list[UUID]]:
    return [tenant_id for tenant_id, _ in keys], [endpoint_id for _, endpoint_id in keys]


def told(endpoint_ids: Collection[EndpointId]) -> str:
    """Return a channel's payload that names these endpoints; "" says that it may be any."""
    return " ".join(each.hex for each in endpoint_ids) if len(endpoint_ids) <= _MOST_TOLD else ""


def heard(payload: str) -> list[EndpointId]:
    return [EndpointId(UUID(each)) for each in payload.split()]
