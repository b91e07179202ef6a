from typing import Annotated, Any, Literal

from pydantic import Field

from payymo_api.core.fields import AmountOut, Answer, Code, Currency, Instant, MinorIn, Paging
from payymo_api.core.refs import (
    InvoiceFilter,
    InvoiceRef,
    PaymentRef,
    StripeConnectionFilter,
    StripeConnectionRef,
)
from payymo_api.payments.schemas.words import one_of

PaymentStatus = Literal[
    "requires_payment_method",
    "requires_confirmation",
    "requires_action",
    "processing",
    "requires_capture",
    "canceled",
    "succeeded",
]


class PaymentFilters(Paging):
    connection_id: Annotated[
        StripeConnectionFilter | None, Field(description="Of this connection.")
    ] = None
    status: Annotated[PaymentStatus | None, Field(description="Only these.")] = None
    currency: Annotated[Currency | None, Field(description="ISO 4217.")] = None
    customer: Annotated[Code | None, Field(description="Stripe's id of the customer.")] = None
    invoice_id: Annotated[InvoiceFilter | None, Field(description="For this invoice.")] = None
    min_amount_minor: Annotated[
        MinorIn | None, Field(description="Least amount, in minor units.")
    ] = None
    max_amount_minor: Annotated[
        MinorIn | None, Field(description="Greatest amount, in minor units.")
    ] = None
    created_from: Annotated[Instant | None, Field(description="Made at Stripe then or later.")] = (
        None
    )
    created_to: Annotated[Instant | None, Field(description="Made at Stripe then or earlier.")] = (
        None
    )


Retry = Annotated[
    Literal["later", "changed", "never"],
    Field(description="The same method again: as it is, once it is mended, or not at all."),
]


class PaymentMethodBrief(Answer):
    type: Annotated[str, Field(examples=["card"], description="Stripe's name of the method.")]
    brand: Annotated[str | None, Field(examples=["visa"])]
    last4: Annotated[str | None, Field(examples=["4242"])]


class PaymentFailure(Answer):
    """Why the last attempt failed. The codes are for you: some hint at fraud."""

    code: Annotated[str, Field(examples=["card_declined"])]
    decline_code: Annotated[str | None, Field(examples=["insufficient_funds"])]
    message: Annotated[str | None, Field(examples=["Your card has insufficient funds."])]
    payer_message: Annotated[
        str,
        Field(
            examples=["The balance or limit does not cover the payment. Please pay another way."],
            description="What the payer may be told.",
        ),
    ]
    next_step: Annotated[str, Field(examples=["Ask for another method."])]
    retry: Retry


class PaymentDecline(Answer):
    """Why a payment was declined at once, told so that the payer may hear it: see `failure`."""

    code: Annotated[str | None, Field(examples=["card_declined"])]
    decline_code: Annotated[
        str, Field(examples=["insufficient_funds"], description="Masked where it hints at fraud.")
    ]
    payer_message: Annotated[str, Field(description="What the payer may be told.")]
    next_step: Annotated[str, Field(description="What you do next.")]
    retry: Retry
    payment_id: Annotated[
        PaymentRef | None, Field(description="The payment is there and may be tried again.")
    ]


class PaymentAnswer(Answer):
    id: PaymentRef
    connection_id: StripeConnectionRef
    stripe_id: Annotated[str, Field(examples=["pi_3PExample"], description="The PaymentIntent.")]
    livemode: bool
    status: Annotated[str, one_of(PaymentStatus)]
    amount: AmountOut
    amount_minor: int
    currency: Annotated[str, Field(examples=["GBP"])]
    amount_capturable_minor: Annotated[int, Field(description="Authorised, not captured yet.")]
    amount_received_minor: int
    amount_refunded_minor: int
    amount_disputed_minor: Annotated[
        int, Field(description="What banks hold by disputes, or have taken for good.")
    ]
    amount_lost_minor: Annotated[
        int, Field(description="What was lost by disputes: it pays no invoice any more.")
    ]
    disputed: Annotated[bool, Field(description="The payer disputes or disputed it at the bank.")]
    customer: Annotated[
        str | None, Field(examples=["cus_Example"], description="Stripe's id of the customer.")
    ]
    invoice_id: Annotated[InvoiceRef | None, Field(description="The invoice that it is for.")]
    settled_minor: Annotated[
        int,
        Field(description="How much of that invoice it settles: less, where there was no room."),
    ]
    description: str | None
    statement_descriptor: str | None
    capture_method: Annotated[str, Field(examples=["automatic_async"])]
    latest_charge: Annotated[str | None, Field(examples=["ch_3PExample"])]
    payment_method: PaymentMethodBrief | None
    failure: Annotated[
        PaymentFailure | None, Field(description="Why the last attempt failed, if it did.")
    ]
    next_action: Annotated[
        str | None,
        Field(
            examples=["redirect_to_url"],
            description="What the payer must do: the type of Stripe's next_action.",
        ),
    ]
    cancellation_reason: str | None
    canceled_at: Instant | None
    metadata: Annotated[dict[str, str], Field(description="The PaymentIntent's, at Stripe.")]
    stripe_created_at: Annotated[Instant, Field(description="When it was made at Stripe.")]
    created_at: Instant
    updated_at: Instant


class PaymentMade(PaymentAnswer):
    """What your page needs to let the payer pay, besides the payment itself."""

    client_secret: Annotated[
        str,
        Field(
            examples=["pi_3PExample_secret_Example"],
            description="For Stripe Elements on the payer's page; not shown again.",
        ),
    ]
    publishable_key: Annotated[
        str | None,
        Field(
            examples=["pk_live_Example"],
            description="For Stripe Elements. Null where the account's own key is used: you have "
            "its other half.",
        ),
    ]
    stripe_account: Annotated[
        str | None,
        Field(examples=["acct_Example"], description="For Stripe Elements, if it is not null."),
    ]
    next_action_details: Annotated[
        dict[str, Any] | None,
        Field(description="Stripe's next_action as it is now: what to show, or where to go."),
    ]
