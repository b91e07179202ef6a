"""Webhook endpoints themselves; told to the tenant's other endpoints."""

from typing import Any, Final

from payymo_api.webhooks.schemas.catalogue.event_type import EventType
from payymo_api.webhooks.schemas.catalogue.samples import MADE_AND_CHANGED, sample_id
from payymo_api.webhooks.schemas.news import EndpointDisabled, EndpointFailing

_ENDPOINT: Final = {"id": sample_id("we"), "url": "https://example.com/payymo"}
_DISABLED: Final[dict[str, Any]] = {
    **_ENDPOINT,
    "event_types": ["*"],
    "description": "Books",
    "enabled": False,
    "disabled_reason": "gone",
    "each_line": False,
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
        EndpointDisabled,
        _DISABLED,
    ),
)
