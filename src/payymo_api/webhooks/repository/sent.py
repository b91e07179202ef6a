"""Deliveries of all tenants as the workers read and write them: many in one statement (ADR 21)."""

from collections.abc import Mapping, Sequence
from typing import Any

from payymo_api.core.writes import WriteScope
from payymo_api.webhooks.repository.lanes import WINDOW

_COLUMNS = (
    "id, event_id, replay_id, ordering_key, attempt_count, attempts_before, next_attempt_at,"
    " sequence"
)
_PENDING = "tenant_id = mine.tenant_id AND endpoint_id = mine.endpoint_id AND status = 'pending'"
_DUE = f"""
SELECT mine.tenant_id, mine.endpoint_id, d.*, e.body,
    CASE WHEN d.replay_id IS NULL THEN e.occurred_at END AS occurred_at
FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::timestamptz[], $5::uuid[])
    AS mine (tenant_id, endpoint_id, room, after_at, after_id)
CROSS JOIN LATERAL (
    (SELECT {_COLUMNS} FROM webhook_deliveries
     WHERE {_PENDING} AND ordering_key IS NULL AND next_attempt_at <= now()
     AND (next_attempt_at, id) > (mine.after_at, mine.after_id)
     ORDER BY next_attempt_at, id LIMIT mine.room)
    UNION ALL
    (SELECT {_COLUMNS} FROM (
        SELECT *, bool_and(next_attempt_at <= now())
            OVER (PARTITION BY ordering_key ORDER BY sequence, id) AS is_clear
        FROM (
            SELECT {_COLUMNS} FROM webhook_deliveries
            WHERE {_PENDING} AND ordering_key IS NOT NULL
            ORDER BY sequence, id LIMIT {WINDOW}) first) keyed
     WHERE is_clear ORDER BY sequence, id LIMIT mine.room)) d
CROSS JOIN LATERAL (
    SELECT body, occurred_at FROM outbox_events
    WHERE tenant_id = mine.tenant_id AND id = d.event_id LIMIT 1) e
"""  # noqa: S608  our own text
"""Of those in order, one is due when all before it of its key are: it goes right behind them. The
LIMIT keeps events inside: planned while the tables were empty, a join began with all of them."""
_SETTLE = """
WITH told AS (
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[],
        $6::timestamptz[], $7::timestamptz[], $8::bigint[], $9::text[], $10::text[], $11::text[],
        $12::bigint[], $13::timestamptz[], $14::bigint[])
    AS told (tenant_id, endpoint_id, event_id, id, status, next_attempt_at, delivered_at,
        status_code, error, detail, answer, milliseconds, started_at, attempts_before)),
settled AS (
    UPDATE webhook_deliveries d SET attempt_count = d.attempt_count + 1,
        status = CASE WHEN told.status = 'delivered' AND d.error IS NULL THEN 'delivered'
            WHEN d.status = 'pending' AND d.attempts_before = told.attempts_before
            THEN told.status ELSE d.status END,
        next_attempt_at = CASE WHEN d.status <> 'pending' OR told.status = 'delivered' THEN NULL
            WHEN d.attempts_before = told.attempts_before THEN told.next_attempt_at
            ELSE d.next_attempt_at END,
        delivered_at = coalesce(d.delivered_at, told.delivered_at)
    FROM told WHERE d.tenant_id = told.tenant_id AND d.id = told.id
        AND d.endpoint_id = told.endpoint_id AND d.event_id = told.event_id
    RETURNING d.tenant_id, d.id, d.attempt_count, d.error AS ended_by)
INSERT INTO webhook_attempts (tenant_id, delivery_id, number, status_code, error, detail, answer,
    milliseconds, started_at)
SELECT tenant_id, id, attempt_count, status_code, error, detail,
    CASE WHEN ended_by IS NULL THEN answer END, milliseconds, started_at
FROM settled JOIN told USING (tenant_id, id)
"""
"""Of an event that was erased meanwhile, no answer is kept; what was asked for again meanwhile is
tried again, unless this attempt has delivered it. Endpoint and event are named so that
any index finds the row: planned while the table was empty, one by tenant and event may be taken."""


async def due(scope: WriteScope, columns: Sequence[Sequence[Any]]) -> Sequence[Mapping[str, Any]]:
    """Return what is due of these lanes: (tenants, endpoints, rooms, after times, after ids).

    Of each lane at most its room of those without order, by their time from `after` on, and as many
    in order from the first on.
    """
    return await scope.fetch(_DUE, *columns)


async def settle(scope: WriteScope, columns: Sequence[Sequence[Any]]) -> None:
    """Write down attempts, and what their deliveries are with them, in the order of `_SETTLE`."""
    await scope.fetch(_SETTLE, *columns)
