"""What we send, as the OpenAPI document's `webhooks` say it: an operation of yours per event type.

No route of ours: nothing here is ever called.
"""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header
from pydantic import BaseModel, Field

from payymo_api.webhooks.rules.retries import Control
from payymo_api.webhooks.schemas.catalogue import EVENT_TYPES
from payymo_api.webhooks.schemas.catalogue.envelope import ENVELOPES, Envelope
from payymo_api.webhooks.schemas.catalogue.event_type import EventType


class SentHeaders(BaseModel):
    """Beside these, the headers that were given for the endpoint."""

    ours: Annotated[
        str,
        Field(
            alias="X-Webhook-Signature",
            description="`t=<unix seconds>,v1=<hex>`: HMAC-SHA256 of `<t>.` and the raw body; more "
            "than one `v1` while the secret is being rotated.",
            examples=[
                "t=1795512600,v1=5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd"
            ],
        ),
    ]
    id: Annotated[
        str,
        Field(
            alias="webhook-id",
            description="The event's id: the same however often it is sent.",
            examples=["evt_06ghq1m2dpuh5c9s2rcmo3g8d4"],
        ),
    ]
    timestamp: Annotated[
        str,
        Field(
            alias="webhook-timestamp",
            description="Unix seconds of this attempt; refuse what is older than five minutes.",
            examples=["1795512600"],
        ),
    ]
    standard: Annotated[
        str,
        Field(
            alias="webhook-signature",
            description="As Standard Webhooks has it: `v1,<base64>` and, for an endpoint with "
            "`asymmetric`, `v1a,<base64>`; separated by spaces.",
            examples=["v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="],
        ),
    ]


_RETRY_AFTER: Final = {
    "description": "Wait this long at least, by 24 hours at most: seconds, or an HTTP date.",
    "schema": {"type": "string"},
    "example": "120",
}
_DELIVERY: Final = {
    "description": "`disable`, with any status: send nothing any more. `abort-message`, after a "
    "failure: don't send this event again.",
    "schema": {"type": "string", "enum": list(Control)},
    "example": Control.DISABLE,
}
_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    "2XX": {
        "description": "You have the event; what the answer says is only kept.",
        "headers": {"webhook-delivery": _DELIVERY},
    },
    "410": {
        "description": "Nobody lives there any more: the endpoint is disabled, its events are held."
    },
    "default": {
        "description": "You don't have the event, redirects (3xx) included: it is tried again by "
        "the endpoint's schedule.",
        "headers": {"Retry-After": _RETRY_AFTER, "webhook-delivery": _DELIVERY},
    },
}


def _receiving(type: EventType) -> Callable[..., Awaitable[None]]:
    async def receive(event: Envelope, headers: Annotated[SentHeaders, Header()]) -> None:
        """Your part."""

    receive.__annotations__["event"] = ENVELOPES[type.name]
    return receive


router = APIRouter()
for _type in EVENT_TYPES.values():
    router.add_api_route(
        _type.name,
        _receiving(_type),
        methods=["POST"],
        status_code=HTTPStatus.NO_CONTENT,
        operation_id=f"receive_{_type.name.replace('.', '_')}",
        summary=_type.name,
        description=_type.description,
        response_description="You have the event. Any 2xx says so.",
        responses=_RESPONSES,
        tags=["events"],
        openapi_extra={"security": []},  # no key is sent: the signature says who it comes from
    )
