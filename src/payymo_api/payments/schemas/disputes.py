from typing import Annotated

from pydantic import Field

from payymo_api.core.fields import AmountOut, Answer, Code, Instant, Paging
from payymo_api.core.refs import (
    DisputeRef,
    PaymentFilter,
    PaymentRef,
    StripeConnectionFilter,
    StripeConnectionRef,
)


class DisputeFilters(Paging):
    connection_id: Annotated[
        StripeConnectionFilter | None, Field(description="Of this Stripe connection.")
    ] = None
    status: Annotated[Code | None, Field(description="Stripe's word, such as `lost`.")] = None
    reason: Annotated[Code | None, Field(description="Such as `fraudulent`.")] = None
    payment_id: Annotated[PaymentFilter | None, Field(description="Of this payment.")] = None


class DisputeAnswer(Answer):
    """A payer's claim at the bank. What is lost no longer pays the invoice."""

    id: DisputeRef
    stripe_id: Annotated[str, Field(examples=["du_1PExample"])]
    connection_id: StripeConnectionRef
    status: Annotated[
        str,
        Field(
            examples=["needs_response"],
            description="`warning_…`: the bank only asks. `needs_response`, `under_review`: it "
            "holds the money. In the end `won` or `lost`.",
        ),
    ]
    reason: Annotated[str, Field(examples=["fraudulent"])]
    network_reason_code: Annotated[str | None, Field(examples=["10.4"])]
    amount: AmountOut
    amount_minor: int
    currency: str
    charge: Annotated[str | None, Field(examples=["ch_3PExample"])]
    payment_id: Annotated[PaymentRef | None, Field(description="The disputed payment, if known.")]
    payment_intent: Annotated[str | None, Field(examples=["pi_3PExample"])]
    evidence_due_at: Annotated[Instant | None, Field(description="Answer at Stripe before this.")]
    evidence_submitted: bool
    stripe_created_at: Instant
    created_at: Instant
    updated_at: Instant
