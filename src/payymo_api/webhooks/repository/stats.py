"""What was sent to endpoints, counted by the hour and kept for 30 days."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, cast

from sqlalchemy import CursorResult, delete, func, select, tuple_

from payymo_api.core.clock import now
from payymo_api.core.db import AnyScope, Database
from payymo_api.core.repository import TenantRepository
from payymo_api.core.types import EndpointId, TenantId
from payymo_api.core.writes import Write
from payymo_api.webhooks.models import WebhookHour
from payymo_api.webhooks.rules import histogram

KEPT = timedelta(days=30)
_FORGOTTEN_AT_ONCE = 5000
_ADD = """
INSERT INTO webhook_hours AS kept
  (tenant_id, endpoint_id, hour, delivered, failed, milliseconds, buckets)
SELECT tenant_id, endpoint_id, hour, delivered, failed, milliseconds, buckets::integer[]
FROM unnest({}::uuid[], {}::uuid[], {}::timestamptz[], {}::bigint[], {}::bigint[], {}::bigint[],
    {}::text[])
  AS told (tenant_id, endpoint_id, hour, delivered, failed, milliseconds, buckets)
ON CONFLICT (tenant_id, endpoint_id, hour) DO UPDATE SET
  delivered = kept.delivered + excluded.delivered,
  failed = kept.failed + excluded.failed,
  milliseconds = kept.milliseconds + excluded.milliseconds,
  buckets = ARRAY(
    SELECT coalesce(before, 0) + coalesce(more, 0)
    FROM unnest(kept.buckets, excluded.buckets) WITH ORDINALITY AS both_ (before, more, place)
    ORDER BY place)
"""
_TOTALS = """
SELECT endpoint_id, sum(delivered)::bigint AS delivered, sum(failed)::bigint AS failed,
    sum(milliseconds)::bigint AS milliseconds,
    ARRAY(
        SELECT sum(attempts)::bigint
        FROM webhook_hours each, unnest(buckets) WITH ORDINALITY AS counted (attempts, place)
        WHERE each.tenant_id = $1 AND each.endpoint_id = hours.endpoint_id AND each.hour >= $2
        GROUP BY place ORDER BY place) AS buckets
FROM webhook_hours hours WHERE tenant_id = $1 AND hour >= $2 GROUP BY endpoint_id
"""
_WAITING = """
SELECT mine.id, count(found.created_at) AS deliveries, min(found.created_at) AS oldest
FROM unnest($2::uuid[]) AS mine (id)
LEFT JOIN LATERAL (
    (SELECT created_at FROM webhook_deliveries
     WHERE tenant_id = $1 AND endpoint_id = mine.id
     AND status = 'pending' AND ordering_key IS NULL
     ORDER BY next_attempt_at, id LIMIT $3)
    UNION ALL
    (SELECT created_at FROM webhook_deliveries
     WHERE tenant_id = $1 AND endpoint_id = mine.id
     AND status = 'pending' AND ordering_key IS NOT NULL
     ORDER BY sequence, id LIMIT $3)
    LIMIT $3) found ON true
GROUP BY mine.id
"""


class Totals(NamedTuple):
    """What several hours add up to."""

    delivered: int = 0
    failed: int = 0
    milliseconds: int = 0
    buckets: Sequence[int] = ()


class Waiting(NamedTuple):
    """How many deliveries are pending for an endpoint, and since when the oldest of them is."""

    deliveries: int
    oldest: datetime | None

    def age_seconds(self, at: datetime) -> int | None:
        return int((at - self.oldest).total_seconds()) if self.oldest else None


class Sent(NamedTuple):
    """An attempt, as the statistics see it; without an answer it took no `milliseconds`."""

    tenant_id: TenantId
    endpoint_id: EndpointId
    ended_at: datetime
    delivered: bool
    milliseconds: int | None


def added(attempts: Iterable[Sent]) -> Write:
    """Count these attempts, of any tenants, in the rows of their hours.

    The rows come in the order of their key, so that two workers never wait for one another.
    """
    hours: dict[tuple[TenantId, EndpointId, datetime], list[Sent]] = defaultdict(list)
    for each in attempts:
        hours[each.tenant_id, each.endpoint_id, hour_of(each.ended_at)].append(each)
    rows = [(*key, *_counts(hours[key])) for key in sorted(hours)]
    return Write(_ADD, [list(column) for column in zip(*rows, strict=True)])


def _counts(attempts: Sequence[Sent]) -> tuple[int, int, int, str]:
    delivered = sum(each.delivered for each in attempts)
    times = [each.milliseconds for each in attempts if each.milliseconds is not None]
    buckets = ",".join(map(str, histogram.counted(times)))
    return delivered, len(attempts) - delivered, sum(times), f"{{{buckets}}}"


class HourRepository(TenantRepository[WebhookHour]):
    model = WebhookHour

    async def since(self, moment: datetime, endpoint_id: EndpointId) -> Sequence[WebhookHour]:
        """Return the endpoint's hours that began at or after the moment, the earliest first."""
        statement = self.select().where(
            WebhookHour.endpoint_id == endpoint_id, WebhookHour.hour >= moment
        )
        return (await self._session.scalars(statement.order_by(WebhookHour.hour))).all()

    async def was_sent_to(self, endpoint_id: EndpointId, since: datetime) -> bool:
        """Tell whether anything was sent to it since then, before the hour that runs."""
        statement = self.select().where(
            WebhookHour.endpoint_id == endpoint_id,
            WebhookHour.hour >= since,
            WebhookHour.hour < hour_of(now()),
        )
        return await self._session.scalar(statement.limit(1)) is not None


async def totals(scope: AnyScope, since: datetime) -> dict[EndpointId, Totals]:
    """Return what was sent to each endpoint in the hours that began at or after the moment."""
    rows = await scope.fetch(_TOTALS, scope.tenant_id, since)
    return {
        row["endpoint_id"]: Totals(
            row["delivered"], row["failed"], row["milliseconds"], row["buckets"]
        )
        for row in rows
    }


async def waiting(
    scope: AnyScope, endpoint_ids: Collection[EndpointId], most: int
) -> dict[EndpointId, Waiting]:
    """Return what waits for each: of more than `most`, that many are looked at."""
    rows = await scope.fetch(_WAITING, scope.tenant_id, list(endpoint_ids), most)
    return {row["id"]: Waiting(row["deliveries"], row["oldest"]) for row in rows}


def hour_of(moment: datetime) -> datetime:
    """Return its beginning, in UTC."""
    return moment.replace(minute=0, second=0, microsecond=0)


async def forget_old(database: Database) -> int:
    """Delete hours that are past their time."""
    key = tuple_(WebhookHour.tenant_id, WebhookHour.endpoint_id, WebhookHour.hour)
    old = select(WebhookHour.tenant_id, WebhookHour.endpoint_id, WebhookHour.hour).where(
        WebhookHour.hour < func.now() - KEPT
    )
    async with database.system() as session:
        gone = await session.execute(
            delete(WebhookHour).where(key.in_(old.limit(_FORGOTTEN_AT_ONCE)))
        )
    return cast("CursorResult[Any]", gone).rowcount
