"""What was sent to endpoints, counted by the hour and kept for 30 days."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, cast

from sqlalchemy import CursorResult, delete, func, select, tuple_

from payymo_api.core.db import Database
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
        hour = each.ended_at.replace(minute=0, second=0, microsecond=0)
        hours[each.tenant_id, each.endpoint_id, hour].append(each)
    rows = [(*key, *_counts(hours[key])) for key in sorted(hours)]
    return Write(_ADD, [list(column) for column in zip(*rows, strict=True)])


def _counts(attempts: Sequence[Sent]) -> tuple[int, int, int, str]:
    delivered = sum(each.delivered for each in attempts)
    times = [each.milliseconds for each in attempts if each.milliseconds is not None]
    buckets = ",".join(map(str, histogram.counted(times)))
    return delivered, len(attempts) - delivered, sum(times), f"{{{buckets}}}"


class HourRepository(TenantRepository[WebhookHour]):
    model = WebhookHour

    async def since(
        self, moment: datetime, endpoint_id: EndpointId | None = None
    ) -> Sequence[WebhookHour]:
        """Return the hours that began at or after the moment, of one endpoint or of all."""
        statement = self.select().where(WebhookHour.hour >= moment)
        if endpoint_id is not None:
            statement = statement.where(WebhookHour.endpoint_id == endpoint_id)
        ordered = statement.order_by(WebhookHour.endpoint_id, WebhookHour.hour)
        return (await self._session.scalars(ordered)).all()


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
