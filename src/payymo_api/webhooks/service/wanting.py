"""Which endpoint gets which event."""

from functools import lru_cache
from typing import Any

from payymo_api.edge import exact
from payymo_api.messaging.models import OutboxEvent
from payymo_api.webhooks.models import WebhookEndpoint
from payymo_api.webhooks.rules.filters import Condition, matches
from payymo_api.webhooks.rules.subscriptions import wants
from payymo_api.webhooks.schemas.catalogue import object_id

UNFILTERED = "[]"


def is_wanted(endpoint: WebhookEndpoint, event: OutboxEvent) -> bool:
    """Tell whether the endpoint subscribes to the event and its filter lets the body through.

    Nobody wants one whose data was erased.
    """
    if event.erased_at:
        return False
    subscribed = wants(
        endpoint.event_types,
        event.name,
        each_line=endpoint.each_line,
        is_line=bool(event.payload.get("each_line")),
    )
    if not subscribed or endpoint.filter == UNFILTERED:
        return subscribed
    assert event.body is not None
    return matches(_conditions(endpoint.filter), _data(event.body))


@lru_cache(maxsize=1024)
def _conditions(filter: str) -> tuple[Condition, ...]:
    return tuple(Condition(**each) for each in exact.parse(filter.encode()))


@lru_cache(maxsize=1)
def _data(body: bytes) -> dict[str, Any]:
    """Read the body once for all endpoints that are asked about in a row."""
    data: dict[str, Any] = exact.parse(body)["data"]
    return data


def ordering_key(endpoint: WebhookEndpoint, event: OutboxEvent) -> str | None:
    """Return what the event is kept in order with: all of the endpoint's, or its object's."""
    match endpoint.ordering:
        case None:
            return None
        case "endpoint":
            return ""
        case _:
            assert event.body is not None
            return object_id(event.name, _data(event.body))
