from typing import Annotated, Literal

from pydantic import Field

from payymo_api.core.fields import Answer, Instant, Paging, Request
from payymo_api.core.refs import (
    DeliveryRef,
    EndpointFilter,
    EndpointRef,
    EventFilter,
    EventRef,
)
from payymo_api.webhooks.schemas.events import EventTypeName

Status = Literal["pending", "delivered", "failed"]


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
    error: Annotated[
        str | None,
        Field(
            description="Why it ended before its last attempt: event_erased.",
            examples=["event_erased"],
        ),
    ]
    created_at: Instant


class AttemptFilters(Paging):
    succeeded: Annotated[
        bool | None, Field(description="True: those answered with 2xx; false: all others.")
    ] = None


class AttemptAnswer(Answer):
    delivery_id: DeliveryRef
    number: Annotated[int, Field(description="Counts the attempts of the delivery.")]
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
    answer: Annotated[str | None, Field(description="The first 16 KiB of the answer, redacted.")]


class DeliveryWithAttempts(DeliveryAnswer):
    attempts: list[AttemptAnswer]
