from typing import Annotated, Literal

from pydantic import Field

from payymo_api.core.fields import Answer, Instant, Paging, Request
from payymo_api.core.refs import (
    DeliveryRef,
    EndpointFilter,
    EndpointRef,
    EventFilter,
    EventRef,
    ReplayFilter,
    ReplayRef,
)
from payymo_api.webhooks.schemas.events import Subscription

Status = Literal["pending", "delivered", "failed"]


class ReplayRequest(Request):
    """Events from a moment or a sequence number on; of all that is given, all must hold."""

    since: Annotated[Instant | None, Field(description="Events from this moment on.")] = None
    until: Annotated[
        Instant | None,
        Field(description="Events up to this moment.", examples=["2036-01-01T00:00:00Z"]),
    ] = None
    from_sequence: Annotated[
        int | None, Field(ge=1, le=2**63 - 1, description="The first event, by its `sequence`.")
    ] = None
    to_sequence: Annotated[
        int | None, Field(ge=1, le=2**63 - 1, description="The last event, by its `sequence`.")
    ] = None
    event_type: Annotated[
        Subscription | None, Field(description="Of this type, or of a kind (`transaction.*`).")
    ] = None
    only_failed: Annotated[
        bool,
        Field(
            description="True: events that this endpoint has not got, as a delivery has failed and "
            "none was delivered."
        ),
    ] = False


class ReplayAnswer(Answer):
    id: ReplayRef
    endpoint_id: EndpointRef
    queued: Annotated[int, Field(description="Deliveries that were made, and are sent now.")]
    erased: Annotated[int, Field(description="Events passed by, as their data was erased.")]
    created_at: Instant


class ReplayBegun(ReplayAnswer):
    next_sequence: Annotated[
        int | None,
        Field(description="Not null: there is more; ask again with it as `from_sequence`."),
    ]


class ReplayProgress(ReplayAnswer):
    pending: Annotated[int, Field(description="Deliveries that are still to be sent.")]
    delivered: int
    failed: int


class DeliveryFilters(Paging):
    endpoint_id: Annotated[EndpointFilter | None, Field(description="To this endpoint.")] = None
    event_id: Annotated[EventFilter | None, Field(description="Of this event.")] = None
    status: Annotated[Status | None, Field(description="How far it is.")] = None
    event_type: Annotated[
        Subscription | None, Field(description="Of this type, or of a kind (`transaction.*`).")
    ] = None
    replay_id: Annotated[ReplayFilter | None, Field(description="Made by this replay.")] = None
    since: Annotated[Instant | None, Field(description="Made from this moment on.")] = None
    until: Annotated[Instant | None, Field(description="Made up to this moment.")] = None


class DeliveryAnswer(Answer):
    """One event owed to one endpoint."""

    id: DeliveryRef
    event_id: EventRef
    event_type: str
    endpoint_id: EndpointRef
    replay_id: Annotated[
        ReplayRef | None, Field(description="Of one that was asked for again: by which replay.")
    ]
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
