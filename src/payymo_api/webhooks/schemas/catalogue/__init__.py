"""The event types: what each says, the model of its `data`, an example. Declared once, here.

From here come `GET /event_types`, the OpenAPI document's webhooks, docs/events.md, examples/events/
and test events.
"""

from collections.abc import Mapping
from typing import Any, Final

from payymo_api.webhooks.schemas.catalogue import banking, endpoints, payments, reconciliation
from payymo_api.webhooks.schemas.catalogue.event_type import EventType

EVENT_TYPES: Final[Mapping[str, EventType]] = {
    each.name: each
    for each in (
        *banking.TYPES,
        *reconciliation.TYPES,
        *payments.TYPES,
        *endpoints.TYPES,
    )
}


def object_id(name: str, data: Mapping[str, Any]) -> str:
    """Return the id of what an event is about, from its type and its `data`."""
    return EVENT_TYPES[name].object_id(data)
