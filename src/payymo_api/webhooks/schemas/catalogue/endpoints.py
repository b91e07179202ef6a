"""Webhook endpoints themselves; told to the tenant's other endpoints."""

from typing import Any, Final

from payymo_api.webhooks.schemas.catalogue.event_type import EventType
from payymo_api.webhooks.schemas.catalogue.samples import MADE_AND_CHANGED, sample_id
from payymo_api.webhooks.schemas.endpoint_answers import EndpointAnswer
from payymo_api.webhooks.schemas.news import EndpointFailing

_ENDPOINT: Final = {"id": sample_id("we"), "url": "https://example.com/payymo"}
_DISABLED: Final[dict[str, Any]] = {
    **_ENDPOINT,
    "event_types": ["transaction.*", "invoice.paid"],
    "filter": [{"field": "amount_minor", "operator": "gte", "value": 10000}],
    "description": "Books",
    "status": "disabled",
    "enabled": False,
    "paused": False,
    "disabled_reason": "gone",
    "each_line": False,
    "header_names": ["Authorization"],
    "ordering": None,
    "rate_limit": None,
    "max_concurrency": 20,
    "retry_schedule": None,
    "asymmetric": False,
    "public_key": None,
    "verify_ownership": False,
    "verified_at": None,
    "failing_since": None,
    "failing_percent": None,
    "disables_at": None,
    "previous_secret_until": None,
    **MADE_AND_CHANGED,
}

TYPES: Final = (
    EventType(
        "webhook_endpoint.failing",
        "Nothing could be delivered to an endpoint for 50, 70 or 90 % of the five days after which "
        "it is disabled.",
        EndpointFailing,
        {
            **_ENDPOINT,
            "failing_since": "2026-11-23T09:30:00Z",
            "percent": 50,
            "disables_at": "2026-11-28T09:30:00Z",
        },
    ),
    EventType(
        "webhook_endpoint.disabled",
        "Payymo stopped sending to an endpoint: it answered 410 Gone, asked for that, or failed "
        "for five days.",
        EndpointAnswer,
        _DISABLED,
    ),
)
