from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from payymo_api.core.fields import (
    AmountIn,
    AmountOut,
    Answer,
    Code,
    Currency,
    Instant,
    MinorIn,
    Paging,
    Request,
    Text,
)
from payymo_api.core.refs import StripeConnectionFilter, StripeConnectionRef, StripeInvoiceRef
from payymo_api.payments.schemas.payment_requests import StripeId, StripeMetadata
from payymo_api.payments.schemas.subscriptions import CollectionMethod
from payymo_api.payments.schemas.words import one_of

StripeInvoiceStatus = Literal["draft", "open", "paid", "uncollectible", "void"]


class StripeInvoiceFilters(Paging):
    connection_id: Annotated[
        StripeConnectionFilter | None, Field(description="Of this Stripe connection.")
    ] = None
    stripe_id: Annotated[Code | None, Field(description="Stripe's id of it: in_….")] = None
    customer: Annotated[Code | None, Field(description="Of this customer: cus_….")] = None
    subscription: Annotated[Code | None, Field(description="Of this subscription: sub_….")] = None
    status: Annotated[StripeInvoiceStatus | None, Field(description="Only these.")] = None


class InvoiceLine(Request):
    """A price and how often, or an amount of its own."""

    description: Annotated[
        Text | None, StringConstraints(max_length=500), Field(examples=["Moving in"])
    ] = None
    price: Annotated[
        StripeId | None, Field(examples=["price_Example"], description="A one-time price.")
    ] = None
    quantity: Annotated[int | None, Field(ge=1, le=10**6, description="Of the price.")] = None
    amount: Annotated[
        AmountIn | None,
        Field(description="In place of a price: what the line comes to; below 0 for a discount."),
    ] = None
    amount_minor: Annotated[MinorIn | None, Field(examples=[10050])] = None

    @model_validator(mode="after")
    def _price_or_amount(self) -> Self:
        has_amount = self.amount is not None or self.amount_minor is not None
        if has_amount == (self.price is not None):
            raise ValueError("a line has a price, or an amount")
        if has_amount and (self.quantity is not None or self.description is None):
            raise ValueError("an amount has a description, and no quantity")
        return self


class StripeInvoiceRequest(Request):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "connection_id": "scon_06ghq1m2dpuh5c9s2rcmo3g8d4",
                    "customer": "cus_Example",
                    "currency": "GBP",
                    "days_until_due": 14,
                    "lines": [{"description": "Moving in", "amount": "100.50"}],
                }
            ]
        }
    )

    connection_id: Annotated[StripeConnectionRef, Field(description="Whose Stripe account.")]
    customer: Annotated[
        StripeId, Field(examples=["cus_Example"], description="Stripe's id of the customer.")
    ]
    currency: Currency
    lines: Annotated[list[InvoiceLine], Field(min_length=1, max_length=100)]
    collection_method: Annotated[
        CollectionMethod,
        Field(description="`charge_automatically`: the customer's payment method is charged."),
    ] = "send_invoice"
    days_until_due: Annotated[
        int | None, Field(ge=0, le=365, description="30 if left out; none when charged.")
    ] = None
    auto_advance: Annotated[
        bool, Field(description="Stripe finalises and sends or charges it by itself in an hour.")
    ] = False
    description: Annotated[Text | None, StringConstraints(max_length=1500)] = None
    metadata: StripeMetadata = {}

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.collection_method == "charge_automatically" and self.days_until_due is not None:
            raise ValueError("days_until_due goes with collection_method send_invoice")
        return self


class PayInvoiceRequest(Request):
    payment_method: Annotated[
        StripeId | None, Field(examples=["pm_Example"], description="Else the customer's own.")
    ] = None
    paid_elsewhere: Annotated[
        bool,
        Field(
            description="Nothing is charged: the money came by other means. The document in "
            "/invoices is then paid, and the bank line that brings the money still matches it."
        ),
    ] = False

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.paid_elsewhere and self.payment_method:
            raise ValueError("what was paid elsewhere is not charged")
        return self


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
    status: Annotated[str, one_of(Literal["paid", "open", "canceled"])]
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
    status: Annotated[str, one_of(StripeInvoiceStatus)]
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
    collection_method: Annotated[str, one_of(CollectionMethod)]
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
