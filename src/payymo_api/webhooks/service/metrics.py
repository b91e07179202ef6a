"""How endpoints have been doing, for people; `service.exposition` tells it to their monitoring."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from payymo_api.core.clock import now
from payymo_api.core.db import Scope
from payymo_api.core.types import EndpointId
from payymo_api.webhooks.models import WebhookHour
from payymo_api.webhooks.repository.endpoints import EndpointRepository
from payymo_api.webhooks.repository.stats import HourRepository
from payymo_api.webhooks.rules import histogram
from payymo_api.webhooks.schemas.metrics import EndpointMetrics, HourFigures


async def of_endpoint(scope: Scope, id: EndpointId, hours: int) -> EndpointMetrics:
    """Return the figures of the last `hours`, in all and by the hour."""
    await EndpointRepository(scope).get(id)
    this_hour = now().replace(minute=0, second=0, microsecond=0)
    since = this_hour - timedelta(hours=hours - 1)
    rows = await HourRepository(scope).since(since, id)
    return EndpointMetrics(
        endpoint_id=id,
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
