"""How endpoints have been doing, for people; `service.exposition` tells it to their monitoring."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from payymo_api.core.clock import now
from payymo_api.core.db import Scope
from payymo_api.core.types import EndpointId
from payymo_api.webhooks.models import WebhookHour
from payymo_api.webhooks.repository import stats
from payymo_api.webhooks.repository.endpoints import EndpointRepository
from payymo_api.webhooks.repository.stats import HourRepository, hour_of
from payymo_api.webhooks.rules import histogram
from payymo_api.webhooks.schemas.metrics import EndpointMetrics, HourFigures

_COUNTED = 10_000


async def of_endpoint(scope: Scope, id: EndpointId, hours: int) -> EndpointMetrics:
    """Return how it is now, and the figures of the last `hours`, in all and by the hour."""
    endpoint = await EndpointRepository(scope).get(id)
    queue = (await stats.waiting(scope, [id], _COUNTED + 1))[id]
    since = hour_of(now()) - timedelta(hours=hours - 1)
    rows = await HourRepository(scope).since(since, id)
    return EndpointMetrics(
        endpoint_id=id,
        status=endpoint.status,
        waiting=queue.deliveries,
        queue_age_seconds=queue.age_seconds(now()),
        failing_since=endpoint.failing_since,
        failing_percent=endpoint.failing_percent,
        disables_at=endpoint.disables_at,
        since=since,
        hours=[HourFigures(hour=row.hour, **_figures([row])) for row in rows],
        **_figures(rows),
    )


def _figures(rows: Sequence[WebhookHour]) -> dict[str, Any]:
    delivered, failed = sum(row.delivered for row in rows), sum(row.failed for row in rows)
    counts = histogram.added(row.buckets for row in rows)
    attempts = delivered + failed
    return {
        "delivered": delivered,
        "failed": failed,
        "success_rate": round(Decimal(delivered) / attempts, 4) if attempts else None,
        **{f"p{percent}_ms": histogram.percentile(counts, percent) for percent in (50, 95, 99)},
    }
