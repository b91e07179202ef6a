"""Taking a person's data out of what has happened."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, WithJsonSchema

from payymo_api.core import types as ids
from payymo_api.core.fields import Answer, Instant, Request
from payymo_api.core.refs import ErasureRef, EventRef

_OF_PERSONS = (
    ids.CustomerId,
    ids.InvoiceId,
    ids.TransactionId,
    ids.AccountId,
    ids.ConnectionId,
    ids.MatchId,
    ids.SuggestionId,
    ids.PaymentId,
    ids.RefundId,
    ids.DisputeId,
    ids.StripeCustomerId,
    ids.SubscriptionId,
    ids.StripeInvoiceId,
)
_PREFIXES = [ids.PREFIXES[each] for each in _OF_PERSONS]


def _of_a_person(text: str) -> str:
    prefix = text.partition("_")[0]
    if prefix not in _PREFIXES:
        raise ValueError(f"an id that starts with one of {', '.join(_PREFIXES)} and _")
    ids.parse_public_id(prefix, text)
    return text


MentionedId = Annotated[
    str,
    AfterValidator(_of_a_person),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": f"^({'|'.join(_PREFIXES)})_[0-9a-v]{{{ids.TEXT_LENGTH}}}$",
            "examples": [ids.public_id("cust", UUID("01a207c2-3cd6-735f-ad63-f117f59f14a2"))],
        }
    ),
]


class ErasureRequest(Request):
    """Which events: of both lists, at least one id."""

    mentioning: Annotated[
        list[MentionedId],
        Field(
            max_length=100,
            description="Events whose `data` names one of these ids, wherever in it. What they "
            "are the ids of may be gone already.",
        ),
    ] = []
    event_ids: Annotated[list[EventRef], Field(max_length=100, description="These events.")] = []


class ErasureAnswer(Answer):
    id: ErasureRef
    status: Annotated[
        Literal["queued", "running", "succeeded"],
        Field(description="`succeeded`: every event that had been recorded was looked at."),
    ]
    mentioning: list[str]
    event_ids: list[EventRef]
    checked: Annotated[int, Field(description="Events that were looked through so far.")]
    erased: Annotated[int, Field(description="Events that lost their data so far.")]
    created_at: Instant
    ended_at: Instant | None
