from typing import ClassVar

from payymo_api.messaging.events import PublicEvent


class WebhookEndpointFailing(PublicEvent):
    """Half or more of the time is over that an endpoint may fail."""

    name: ClassVar[str] = "webhook_endpoint.failing"


class WebhookEndpointDisabled(PublicEvent):
    name: ClassVar[str] = "webhook_endpoint.disabled"
