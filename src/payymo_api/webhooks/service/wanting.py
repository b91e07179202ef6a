"""Which endpoint gets which event."""

from payymo_api.messaging.models import OutboxEvent
from payymo_api.webhooks.models import WebhookEndpoint
from payymo_api.webhooks.rules.subscriptions import wants


def is_wanted(endpoint: WebhookEndpoint, event: OutboxEvent) -> bool:
    return wants(
        endpoint.event_types,
        event.name,
        each_line=endpoint.each_line,
        is_line=bool(event.payload.get("each_line")),
    )
