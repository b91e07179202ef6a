"""Webhooks over HTTP: a module per resource."""

from payymo_api.webhooks.router.deliveries import router as deliveries
from payymo_api.webhooks.router.endpoints import router as endpoints
from payymo_api.webhooks.router.event_types import router as event_types
from payymo_api.webhooks.router.events import router as events
from payymo_api.webhooks.router.metrics import router as metrics
from payymo_api.webhooks.router.outgoing import router as outgoing
from payymo_api.webhooks.router.stream import router as stream

__all__ = ["deliveries", "endpoints", "event_types", "events", "metrics", "outgoing", "stream"]
