"""The whole body that is sent: the same for every type around its `data`."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

import orjson
from pydantic import Field, create_model

from payymo_api.core.fields import Answer, Instant
from payymo_api.core.refs import EventRef, TenantRef
from payymo_api.edge import exact
from payymo_api.webhooks.schemas.catalogue import EVENT_TYPES
from payymo_api.webhooks.schemas.catalogue.event_type import EventType
from payymo_api.webhooks.schemas.catalogue.samples import sample_id


class Envelope(Answer):
    id: Annotated[EventRef, Field(description="Stays the same over retries and replays.")]
    event_type: str
    timestamp: Annotated[Instant, Field(description="When it happened.")]
    tenant_id: TenantRef
    sequence: Annotated[
        int,
        Field(
            ge=0, description="Counts the tenant's events without gaps; 0: a test of one endpoint."
        ),
    ]
    api_version: Annotated[str, Field(examples=["v1"])]
    data: Mapping[str, Any]
    test: Annotated[bool, Field(description="True: made for trying things out, and no fact.")] = (
        False
    )


def _envelope(type: EventType) -> type[Envelope]:
    """Return the model of the type's bodies, named after it: TransactionCreatedEvent."""
    words = type.name.replace(".", "_").split("_")
    return create_model(
        f"{''.join(word.capitalize() for word in words)}Event",
        __base__=Envelope,
        __doc__=type.description,
        event_type=(Literal[type.name], ...),  # type: ignore[arg-type]  # made at run time
        data=(type.data, ...),
    )


ENVELOPES: Final[Mapping[str, type[Envelope]]] = {
    name: _envelope(type) for name, type in EVENT_TYPES.items()
}


def sample(type: EventType) -> dict[str, Any]:
    """Return what a body of this type may look like; amounts are Decimal."""
    return {
        "id": sample_id("evt"),
        "event_type": type.name,
        "timestamp": "2026-11-23T09:30:00Z",
        "tenant_id": sample_id("tenant"),
        "sequence": 1042,
        "api_version": "v1",
        "data": dict(type.example),
    }


SAMPLES: Final[Mapping[str, dict[str, Any]]] = {
    name: orjson.loads(exact.dump_plain(sample(type))) for name, type in EVENT_TYPES.items()
}
"""The same of each type, with what JSON has for numbers."""
