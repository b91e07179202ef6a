"""Events that are asked for again, thousands in one call: found and owed in few statements."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import Table

from payymo_api.core.bulk import insert_columns, slices
from payymo_api.core.clock import now
from payymo_api.core.db import Scope
from payymo_api.core.repository import TenantRepository, transient
from payymo_api.core.types import EndpointId, ReplayId, later, new_id
from payymo_api.messaging.models import OutboxEvent
from payymo_api.webhooks.models import WebhookDelivery, WebhookReplay
from payymo_api.webhooks.repository.events import (
    EVENTS_KEPT,
    LONGEST,
    EventRepository,
    names_of,
)
from payymo_api.webhooks.schemas.deliveries import ReplayRequest

_FOREVER = datetime(9999, 12, 31, tzinfo=UTC)
_LAST = 2**63 - 1
_COLUMNS = """
e.tenant_id, e.id, e.name, e.payload, e.sequence, e.erased_at,
CASE WHEN $8 THEN e.data END AS data, CASE WHEN $8 THEN e.body END AS body
"""
_ASKED_FOR = """
e.tenant_id = $1 AND e.sequence BETWEEN $2 AND $3 AND e.occurred_at BETWEEN $4 AND $5
AND e.name = ANY($6::text[])
"""
_SPAN = f"""
SELECT {_COLUMNS} FROM outbox_events e WHERE {_ASKED_FOR} ORDER BY e.sequence LIMIT $7
"""  # noqa: S608  our own text
_FAILED = f"""
SELECT DISTINCT ON (d.sequence) {_COLUMNS} FROM webhook_deliveries d
JOIN outbox_events e ON e.tenant_id = d.tenant_id AND e.id = d.event_id
WHERE d.tenant_id = $1 AND d.endpoint_id = $9 AND d.status = 'failed'
AND d.sequence BETWEEN $2 AND $3 AND {_ASKED_FOR}
AND NOT EXISTS (
  SELECT FROM webhook_deliveries other WHERE other.tenant_id = d.tenant_id
  AND other.event_id = d.event_id AND other.endpoint_id = d.endpoint_id
  AND other.status = 'delivered')
ORDER BY d.sequence LIMIT $7
"""  # noqa: S608  our own text
_PROGRESS = """
SELECT status, count(*) AS count FROM webhook_deliveries
WHERE tenant_id = $1 AND endpoint_id = $2 AND replay_id = $3 AND id BETWEEN $3 AND $4
GROUP BY status
"""


class ReplayRepository(TenantRepository[WebhookReplay]):
    model = WebhookReplay

    async def progress(self, replay: WebhookReplay) -> Mapping[str, int]:
        """Return how many of its deliveries have which status."""
        last = later(replay.id, LONGEST)
        rows = await self.scope.fetch(
            _PROGRESS, self._tenant_id, replay.endpoint_id, replay.id, last
        )
        return {row["status"]: row["count"] for row in rows}


async def asked_for(
    scope: Scope, endpoint_id: EndpointId, request: ReplayRequest, limit: int, *, with_bodies: bool
) -> list[OutboxEvent]:
    """Return the first events that a request means, wanted by the endpoint or not."""
    since = max(request.since or now() - EVENTS_KEPT, now() - EVENTS_KEPT)
    values = (
        scope.tenant_id,
        max(request.from_sequence or 1, await EventRepository(scope).place_of(since)),
        request.to_sequence or _LAST,
        since,
        request.until or _FOREVER,
        names_of(request.event_type),
        limit,
        with_bodies,
    )
    if request.only_failed:
        rows = await scope.fetch(_FAILED, *values, endpoint_id)
    else:
        rows = await scope.fetch(_SPAN, *values)
    return [transient(OutboxEvent, **row) for row in rows]


async def owe(
    scope: Scope,
    endpoint_id: EndpointId,
    replay_id: ReplayId,
    events: Sequence[tuple[OutboxEvent, str | None]],
) -> None:
    """Owe events, each with its ordering key, once more, whatever became of them before."""
    shared = {"endpoint_id": endpoint_id, "replay_id": replay_id}
    for some in slices(len(events)):
        part = events[some]
        columns: dict[str, Sequence[Any]] = {
            "id": [new_id() for _ in part],
            "event_id": [event.id for event, _ in part],
            "event_type": [event.name for event, _ in part],
            "sequence": [event.sequence or 0 for event, _ in part],
            "ordering_key": [key for _, key in part],
        }
        await insert_columns(scope, cast("Table", WebhookDelivery.__table__), columns, shared)
