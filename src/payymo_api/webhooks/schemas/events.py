from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, WithJsonSchema

from payymo_api.core.fields import Answer, Instant, Paging
from payymo_api.core.refs import (
    EventRef,
    TenantRef,
)
from payymo_api.webhooks.rules.subscriptions import EVERY, covers
from payymo_api.webhooks.schemas.catalogue import EVENT_TYPES


def known(name: str) -> str:
    if name not in EVENT_TYPES:
        raise ValueError("there is no such event type; see GET /api/v1/event_types")
    return name


EventTypeName = Annotated[
    str,
    AfterValidator(known),
    WithJsonSchema({"type": "string", "enum": [*EVENT_TYPES], "examples": ["transaction.matched"]}),
]


def _pattern(text: str) -> str:
    if not any(covers(text, name) for name in EVENT_TYPES):
        raise ValueError("there is no such event type; see GET /api/v1/event_types")
    return text


Subscription = Annotated[
    str,
    AfterValidator(_pattern),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "enum": [EVERY, *EVENT_TYPES]},
                {"type": "string", "pattern": r"^[a-z_]+\.\*$"},
            ],
            "examples": ["transaction.matched"],
        }
    ),
]


class EventFilters(Paging):
    event_type: Annotated[
        Subscription | None, Field(description="Of this type, or of a kind (`transaction.*`).")
    ] = None
    since: Annotated[Instant | None, Field(description="Events from this moment on.")] = None
    until: Annotated[Instant | None, Field(description="Events up to this moment.")] = None
    after_sequence: Annotated[
        int | None,
        Field(
            ge=0,
            le=2**63 - 1,
            description="Events after this one: the `sequence` of the last that you have.",
        ),
    ] = None


class EventAnswer(Answer):
    """An event exactly as its webhook carries it."""

    id: EventRef
    event_type: str
    timestamp: Instant
    tenant_id: TenantRef
    sequence: Annotated[int, Field(description="Counts the tenant's events without gaps.")]
    api_version: str
    data: Annotated[dict[str, Any], Field(description="Depends on `event_type`.")]
    erased: Annotated[
        bool, Field(description="There only if true: `data` is empty, as it was to be erased.")
    ] = False


class EventTypeAnswer(Answer):
    model_config = ConfigDict(serialize_by_alias=True)

    name: EventTypeName
    description: str
    data_schema: Annotated[
        Mapping[str, Any],
        Field(
            alias="schema",
            description="JSON Schema (2020-12) of `data`. Later versions may add fields.",
        ),
    ]
    example: Annotated[Mapping[str, Any], Field(description="What `data` may look like.")]
    object: Annotated[
        str, Field(description="The field of `data` that names what the event is about.")
    ]
    since: Annotated[
        str | None, Field(description="The version of the API that sends it first, if one does.")
    ]
    available: Annotated[
        bool, Field(description="False: may be subscribed to, is sent by a later version.")
    ]


class EventTypesAnswer(Answer):
    data: list[EventTypeAnswer]
