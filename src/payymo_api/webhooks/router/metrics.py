from typing import Annotated

from fastapi import Query, Response
from fastapi.responses import PlainTextResponse

from payymo_api.core.refs import EndpointRef
from payymo_api.edge.route import api_router
from payymo_api.edge.scope import ScopeDep
from payymo_api.webhooks.schemas.metrics import EndpointMetrics, MetricsFilters
from payymo_api.webhooks.service import exposition, metrics

router = api_router("/webhook_endpoints", "webhook_endpoints")
_EXAMPLE = """# TYPE payymo_webhook_endpoint_attempts_total counter
payymo_webhook_endpoint_attempts_total{endpoint_id="we_0688…",outcome="delivered"} 1042.0
"""


@router.get(
    "/metrics",
    response_class=PlainTextResponse,
    responses={200: {"content": {"text/plain": {"example": _EXAMPLE}}}},
)
async def get_webhook_metrics_for_prometheus(scope: ScopeDep) -> Response:
    """Read how all endpoints are doing, in Prometheus' text format.

    Counters count from midnight UTC, and start anew then. Of more than 1,000 endpoints, the newest
    1,000 are told of.
    """
    return Response(await exposition.of_tenant(scope), media_type=exposition.MEDIA_TYPE)


@router.get("/{endpoint_id}/metrics")
async def get_webhook_metrics(
    scope: ScopeDep, endpoint_id: EndpointRef, filters: Annotated[MetricsFilters, Query()]
) -> EndpointMetrics:
    """Read how an endpoint has been doing, in all and by the hour.

    Attempts are counted for 30 days; times to answer are those of the attempts that got one.
    """
    return await metrics.of_endpoint(scope, endpoint_id, filters.hours)
