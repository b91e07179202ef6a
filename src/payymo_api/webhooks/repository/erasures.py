"""What an erasure looks through, in the order in which it does so, and what it takes away."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from payymo_api.core.clock import now
from payymo_api.core.db import Scope
from payymo_api.core.repository import TenantRepository, changes, locked
from payymo_api.core.types import TEXT_LENGTH, EndpointId, EventId
from payymo_api.messaging import relay
from payymo_api.messaging.models import OutboxEvent
from payymo_api.webhooks.models import EventErasure

_UNNUMBERED = """
SELECT id, 0 AS sequence, convert_to(data, 'UTF8') AS text FROM outbox_events
WHERE tenant_id = $1 AND id > $2 AND data IS NOT NULL AND sequence IS NULL
ORDER BY id LIMIT $3
"""
_NUMBERED = """
SELECT id, sequence, body AS text FROM outbox_events
WHERE tenant_id = $1 AND sequence > $2 AND sequence <= $3
ORDER BY sequence LIMIT $4
"""
_FORGET_ANSWERS = """
UPDATE webhook_attempts AS attempt SET answer = NULL FROM webhook_deliveries AS delivery
WHERE delivery.tenant_id = $1 AND delivery.event_id = ANY($2::uuid[])
AND attempt.tenant_id = delivery.tenant_id AND attempt.delivery_id = delivery.id
AND attempt.answer IS NOT NULL
"""
_END_DELIVERIES = """
WITH pending AS (
  SELECT id FROM webhook_deliveries
  WHERE tenant_id = $1 AND event_id = ANY($2::uuid[]) AND status = 'pending'
  ORDER BY id FOR NO KEY UPDATE
)
UPDATE webhook_deliveries AS delivery
SET status = 'failed', error = 'event_erased', next_attempt_at = NULL
FROM pending WHERE delivery.tenant_id = $1 AND delivery.id = pending.id
RETURNING endpoint_id
"""
_WRITTEN = ("data", "body", "erased_at")
_READ = ("tenant_id", "id", "name", "payload", "occurred_at", "sequence", *_WRITTEN)


_TAIL = re.compile(b"_([0-9a-v]{%d})" % TEXT_LENGTH)
"""What stands behind the prefix of an id; it names one thing by itself."""


class Looked(NamedTuple):
    """An event that was looked at; `is_named`: it names one of the ids that were looked for."""

    id: EventId
    sequence: int
    is_named: bool


class ErasureRepository(TenantRepository[EventErasure]):
    model = EventErasure


async def unnumbered(
    scope: Scope, after: EventId, ids: Collection[str], limit: int
) -> list[Looked]:
    """Look at the next events that have no number yet."""
    return _looked(await scope.fetch(_UNNUMBERED, scope.tenant_id, after, limit), ids)


async def numbered(
    scope: Scope, after: int, until: int, ids: Collection[str], limit: int
) -> list[Looked]:
    """Look at the next events of the sequence."""
    return _looked(await scope.fetch(_NUMBERED, scope.tenant_id, after, until, limit), ids)


def _looked(rows: Sequence[Mapping[str, Any]], ids: Collection[str]) -> list[Looked]:
    """Here and not in PostgreSQL, whose regular expressions take 100 ids twenty times as long."""
    tails = {id.rpartition("_")[2].encode() for id in ids}
    return [
        Looked(row["id"], row["sequence"], not tails.isdisjoint(_TAIL.findall(row["text"])))
        for row in rows
    ]


async def erase(scope: Scope, ids: Collection[EventId]) -> int:
    """Take the data out of these events; return how many still had theirs."""
    rows = [row for row in await locked(scope, OutboxEvent, _READ, ids) if not row.erased_at]
    for row in rows:
        row.data, row.erased_at = row.data and "{}", now()
        if row.sequence is not None:
            row.body = relay.body(row, row.sequence, is_test=bool(row.payload.get("test")))
    await scope.write(*changes(scope, rows, _WRITTEN))
    return len(rows)


async def forget_answers(scope: Scope, ids: Collection[EventId]) -> None:
    """What an endpoint answers may repeat what it was sent."""
    await scope.fetch(_FORGET_ANSWERS, scope.tenant_id, list(ids))


async def end_deliveries(scope: Scope, ids: Collection[EventId]) -> Sequence[EndpointId]:
    """End what is pending of these events; return the endpoints that waited for it."""
    rows = await scope.fetch(_END_DELIVERIES, scope.tenant_id, list(ids))
    return list({EndpointId(row["endpoint_id"]) for row in rows})
