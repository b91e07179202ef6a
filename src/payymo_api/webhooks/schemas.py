from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, WithJsonSchema

from payymo_api.core.fields import Answer, Instant, Paging, Request, Text
from payymo_api.core.refs import (
    DeliveryRef,
    EndpointFilter,
    EndpointRef,
    EventFilter,
    EventRef,
    TenantRef,
)
from payymo_api.webhooks.rules.event_types import EVENT_TYPES, EVERY


def _known(name: str) -> str:
    if name not in EVENT_TYPES:
        raise ValueError("there is no such event type; see GET /api/v1/event_types")
    return name


def _known_or_every(name: str) -> str:
    return name if name == EVERY else _known(name)


EventTypeName = Annotated[
    str,
    AfterValidator(_known),
    WithJsonSchema({"type": "string", "enum": [*EVENT_TYPES], "examples": ["transaction.matched"]}),
]
Subscription = Annotated[
    str,
    AfterValidator(_known_or_every),
    WithJsonSchema(
        {"type": "string", "enum": [EVERY, *EVENT_TYPES], "examples": ["transaction.matched"]}
    ),
]
Status = Literal["pending", "delivered", "failed"]


class EndpointRequest(Request):
    url: Annotated[
        str,
        Field(
            max_length=2048,
            examples=["https://example.com/payymo"],
            description="Where events go: public, https, port 443 or 1024 and above.",
        ),
    ]
    event_types: Annotated[
        list[Subscription],
        Field(min_length=1, max_length=100, description="What is sent; `*` for every event type."),
    ]
    description: Annotated[Text | None, Field(description="For those who look after it.")] = None
    enabled: Annotated[bool, Field(description="False: nothing is sent; open events wait.")] = True
    each_line: Annotated[
        bool,
        Field(
            description="True: an event for every line of a first reading, an import or an "
            "application of category rules; false: one summary in their place."
        ),
    ] = False


class EndpointAnswer(Answer):
    id: EndpointRef
    url: str
    event_types: list[str]
    description: str | None
    enabled: bool
    disabled_reason: Annotated[
        Literal["gone"] | None, Field(description="`gone`: it answered 410, so we stopped.")
    ]
    each_line: bool
    previous_secret_until: Annotated[
        Instant | None, Field(description="Until then the secret before the last rotation signs.")
    ]
    created_at: Instant
    updated_at: Instant


class NewSecretAnswer(EndpointAnswer):
    secret: Annotated[
        str,
        Field(
            examples=["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"],
            description="Verifies signatures: shown this once, kept encrypted.",
        ),
    ]


class TestRequest(Request):
    event_type: Annotated[
        EventTypeName, Field(description="What the test looks like; subscribed to or not.")
    ] = "transaction.created"


class ReplayRequest(Request):
    """Events from a moment or a sequence number on; both given, both hold."""

    since: Annotated[Instant | None, Field(description="Events from this moment on.")] = None
    from_sequence: Annotated[
        int | None, Field(ge=1, le=2**63 - 1, description="The first event, by its `sequence`.")
    ] = None
    to_sequence: Annotated[
        int | None, Field(ge=1, le=2**63 - 1, description="The last event, by its `sequence`.")
    ] = None


class ReplayAnswer(Answer):
    queued: Annotated[int, Field(description="Deliveries that are sent (again) now.")]
    next_sequence: Annotated[
        int | None,
        Field(description="Not null: there is more; ask again with it as `from_sequence`."),
    ]


class DeliveryFilters(Paging):
    endpoint_id: Annotated[EndpointFilter | None, Field(description="To this endpoint.")] = None
    event_id: Annotated[EventFilter | None, Field(description="Of this event.")] = None
    status: Annotated[Status | None, Field(description="How far it is.")] = None
    event_type: Annotated[EventTypeName | None, Field(description="Of this type.")] = None


class DeliveryAnswer(Answer):
    """One event owed to one endpoint."""

    id: DeliveryRef
    event_id: EventRef
    event_type: str
    endpoint_id: EndpointRef
    status: Status
    attempt_count: int
    next_attempt_at: Annotated[
        Instant | None,
        Field(description="Null on a pending one: it waits until its endpoint is enabled."),
    ]
    delivered_at: Instant | None
    created_at: Instant


class AttemptAnswer(Answer):
    number: int
    started_at: Instant
    milliseconds: int
    status_code: Annotated[int | None, Field(description="What the endpoint answered, if it did.")]
    error: Annotated[
        str | None,
        Field(
            description="Why no answer came: refused_address, dns, connect, tls, timeout, "
            "no_answer.",
            examples=["timeout"],
        ),
    ]
    detail: Annotated[str | None, Field(description="The same in a sentence.")]
    answer: Annotated[str | None, Field(description="The first 1,000 characters of the answer.")]


class DeliveryWithAttempts(DeliveryAnswer):
    attempts: list[AttemptAnswer]


class EventFilters(Paging):
    event_type: Annotated[EventTypeName | None, Field(description="Of this type.")] = None
    since: Annotated[Instant | None, Field(description="Events from this moment on.")] = None


class EventAnswer(Answer):
    """An event exactly as its webhook carries it."""

    id: EventRef
    event_type: str
    timestamp: Instant
    tenant_id: TenantRef
    sequence: Annotated[int, Field(description="Counts the tenant's events without gaps.")]
    api_version: str
    data: Annotated[dict[str, Any], Field(description="Depends on `event_type`.")]


class EventTypeAnswer(Answer):
    name: str
    description: str
    example: Annotated[dict[str, Any], Field(description="What `data` looks like.")]
    available: Annotated[
        bool, Field(description="False: may be subscribed to, is sent by a later version.")
    ]


class EventTypesAnswer(Answer):
    data: list[EventTypeAnswer]
