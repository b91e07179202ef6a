from typing import ClassVar

from payymo_api.messaging.events import PublicEvent


class WebhookEndpointDisabled(PublicEvent):
    name: ClassVar[str] = "webhook_endpoint.disabled"
