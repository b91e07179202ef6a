from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, WithJsonSchema

from payymo_api.core.fields import Answer, Filters, Instant, Paging, Request
from payymo_api.core.refs import EventRef, TenantRef
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


def pattern(text: str) -> str:
    if not any(covers(text, name) for name in EVENT_TYPES):
        raise ValueError("there is no such event type; see GET /api/v1/event_types")
    return text


_KINDS = sorted({f"{name.partition('.')[0]}.*" for name in EVENT_TYPES})
Subscription = Annotated[
    str,
    AfterValidator(pattern),
    WithJsonSchema(
        {
            "type": "string",
            "enum": [EVERY, *EVENT_TYPES, *_KINDS],
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


def _patterns(text: str) -> str:
    return ",".join(pattern(each) for each in text.split(","))


class StreamFilters(Filters):
    event_type: Annotated[
        str,
        AfterValidator(_patterns),
        Field(
            max_length=2000,
            examples=["transaction.*,invoice.paid"],
            description="Of these types, separated by commas; `transaction.*` is all of a kind.",
        ),
    ] = EVERY
    after_sequence: Annotated[
        int | None, Field(ge=0, le=2**63 - 1, description="Begin behind this sequence number.")
    ] = None

    @property
    def event_types(self) -> Sequence[str]:
        return self.event_type.split(",")


class TriggerRequest(Request):
    event_type: Annotated[EventTypeName, Field(description="What happens.")]


class TriggerAnswer(Answer):
    id: EventRef
    event_type: str


class EventAnswer(Answer):
    """An event exactly as its webhook carries it."""

    id: EventRef
    event_type: str
    timestamp: Instant
    tenant_id: TenantRef
    sequence: Annotated[int, Field(description="Counts the tenant's events without gaps.")]
    api_version: str
    data: Annotated[dict[str, Any], Field(description="Depends on `event_type`.")]
    test: Annotated[
        bool,
        Field(description="There only if true: somebody asked for it, and nothing happened."),
    ] = False
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
