from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from payymo_api.core.fields import AmountOut, Answer, Instant
from payymo_api.core.refs import StripeConnectionRef, SubscriptionRef

SubscriptionStatus = Literal[
    "incomplete",
    "incomplete_expired",
    "trialing",
    "active",
    "past_due",
    "canceled",
    "unpaid",
    "paused",
]
CollectionMethod = Literal["charge_automatically", "send_invoice"]
PauseBehavior = Literal["keep_as_draft", "mark_uncollectible", "void"]
Interval = Literal["day", "week", "month", "year"]


class SubscriptionItemAnswer(Answer):
    stripe_id: Annotated[str, Field(examples=["si_Example"])]
    price: Annotated[str, Field(examples=["price_Example"])]
    product: Annotated[str, Field(examples=["prod_Example"])]
    quantity: Annotated[int | None, Field(description="None where usage is metered.")]
    unit_amount: Annotated[
        AmountOut | None, Field(description="None where the price has tiers or fractions.")
    ]
    unit_amount_minor: int | None
    currency: str
    interval: Interval
    interval_count: int


class SubscriptionAnswer(Answer):
    id: SubscriptionRef
    connection_id: StripeConnectionRef
    stripe_id: Annotated[str, Field(examples=["sub_Example"])]
    livemode: bool
    status: SubscriptionStatus
    customer: Annotated[
        str, Field(examples=["cus_Example"], description="Stripe's id of the customer.")
    ]
    currency: Annotated[str, Field(examples=["GBP"])]
    items: Sequence[SubscriptionItemAnswer]
    collection_method: CollectionMethod
    days_until_due: int | None
    description: str | None
    default_payment_method: str | None
    current_period_start: Instant
    current_period_end: Annotated[Instant, Field(description="When it renews, or ends.")]
    trial_end: Instant | None
    pause_behavior: Annotated[
        PauseBehavior | None, Field(description="What becomes of invoices while it is paused.")
    ]
    resumes_at: Instant | None
    cancel_at_period_end: bool
    cancel_at: Instant | None
    canceled_at: Instant | None
    ended_at: Instant | None
    latest_invoice: Annotated[
        str | None, Field(examples=["in_Example"], description="Stripe's id of the invoice.")
    ]
    metadata: dict[str, str]
    stripe_created_at: Annotated[Instant, Field(description="When it was made at Stripe.")]
    created_at: Instant
    updated_at: Instant
