from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from payymo_api.core.fields import AmountOut, Answer, Instant
from payymo_api.core.refs import StripeConnectionRef, StripeInvoiceRef
from payymo_api.payments.schemas.subscriptions import CollectionMethod

StripeInvoiceStatus = Literal["draft", "open", "paid", "uncollectible", "void"]


class InvoiceLineAnswer(Answer):
    stripe_id: Annotated[str, Field(examples=["il_Example"])]
    description: str | None
    quantity: int | None
    price: Annotated[str | None, Field(examples=["price_Example"])]
    amount: AmountOut
    amount_minor: int
    currency: str


class InvoicePaymentAnswer(Answer):
    """What pays the invoice, or is meant to."""

    stripe_id: Annotated[str, Field(examples=["inpay_Example"])]
    status: Annotated[Literal["open", "paid", "canceled"], Field(examples=["paid"])]
    payment_intent: Annotated[
        str | None,
        Field(examples=["pi_Example"], description="The payment's `stripe_id`."),
    ]
    amount: Annotated[AmountOut, Field(description="What was paid; before that, what is asked.")]
    amount_minor: int
    currency: str


class StripeInvoiceAnswer(Answer):
    id: StripeInvoiceRef
    connection_id: StripeConnectionRef
    stripe_id: Annotated[
        str,
        Field(
            examples=["in_Example"],
            description="Also the `source_ref` of the document that stands for it in /invoices.",
        ),
    ]
    livemode: bool
    status: StripeInvoiceStatus
    number: Annotated[str | None, Field(description="Given when it is finalised.")]
    customer: Annotated[
        str | None, Field(examples=["cus_Example"], description="Stripe's id of the customer.")
    ]
    customer_name: str | None
    customer_email: str | None
    subscription: Annotated[
        str | None, Field(examples=["sub_Example"], description="Stripe's id of what it bills.")
    ]
    billing_reason: Annotated[str | None, Field(examples=["subscription_cycle"])]
    collection_method: CollectionMethod
    description: str | None
    amount: Annotated[AmountOut, Field(description="What is due, less the customer's credit.")]
    amount_minor: int
    currency: str
    total_minor: Annotated[int, Field(description="What its lines come to.")]
    amount_paid_minor: int
    amount_remaining_minor: int
    lines: Annotated[
        Sequence[InvoiceLineAnswer], Field(description="The first ten; `has_more_lines` tells.")
    ]
    has_more_lines: bool
    payments: Sequence[InvoicePaymentAnswer]
    period_start: Instant
    period_end: Instant
    due_at: Instant | None
    finalized_at: Instant | None
    paid_at: Instant | None
    voided_at: Instant | None
    next_attempt_at: Annotated[Instant | None, Field(description="When Stripe collects next.")]
    hosted_url: Annotated[str | None, Field(description="Stripe's page to pay it on.")]
    pdf_url: str | None
    metadata: dict[str, str]
    stripe_created_at: Annotated[Instant, Field(description="When it was made at Stripe.")]
    created_at: Instant
    updated_at: Instant
