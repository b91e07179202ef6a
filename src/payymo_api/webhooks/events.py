from typing import ClassVar

from payymo_api.core.types import EndpointId, ErasureId
from payymo_api.messaging.events import Event, PublicEvent


class WebhookEndpointFailing(PublicEvent):
    """Half or more of the time is over that an endpoint may fail."""

    name: ClassVar[str] = "webhook_endpoint.failing"


class WebhookEndpointDisabled(PublicEvent):
    name: ClassVar[str] = "webhook_endpoint.disabled"


class EndpointRemoved(Event):
    """What was owed to it ends."""

    name: ClassVar[str] = "webhook_endpoint_removed"
    endpoint_id: EndpointId


class ErasureAsked(Event):
    """Events are to lose their data."""

    name: ClassVar[str] = "event_erasure.asked"
    erasure_id: ErasureId
