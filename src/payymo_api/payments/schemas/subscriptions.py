from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator

from payymo_api.core.fields import AmountOut, Answer, Code, Instant, Paging, Request, Text
from payymo_api.core.refs import StripeConnectionFilter, StripeConnectionRef, SubscriptionRef
from payymo_api.payments.schemas.payment_requests import StripeId, StripeMetadata
from payymo_api.payments.schemas.words import one_of

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


class SubscriptionFilters(Paging):
    connection_id: Annotated[
        StripeConnectionFilter | None, Field(description="Of this Stripe connection.")
    ] = None
    customer: Annotated[Code | None, Field(description="Of this customer: cus_….")] = None
    status: Annotated[SubscriptionStatus | None, Field(description="Only these.")] = None


class SubscriptionItem(Request):
    price: Annotated[
        StripeId,
        Field(examples=["price_Example"], description="A recurring price: GET /stripe/prices."),
    ]
    quantity: Annotated[
        int | None, Field(ge=0, le=10**6, description="1 if left out; none of metered prices.")
    ] = None


def _each_price_once(items: list[SubscriptionItem]) -> list[SubscriptionItem]:
    if len({each.price for each in items}) < len(items):
        raise ValueError("each price stands once: raise its quantity")
    return items


Items = Annotated[
    list[SubscriptionItem],
    Field(min_length=1, max_length=20, description="What is sold, all in one currency."),
    AfterValidator(_each_price_once),
]


class SubscriptionRequest(Request):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "connection_id": "scon_06ghq1m2dpuh5c9s2rcmo3g8d4",
                    "customer": "cus_Example",
                    "items": [{"price": "price_Example", "quantity": 2}],
                }
            ]
        }
    )

    connection_id: Annotated[StripeConnectionRef, Field(description="Whose Stripe account.")]
    customer: Annotated[
        StripeId, Field(examples=["cus_Example"], description="Stripe's id of the customer.")
    ]
    items: Items
    collection_method: Annotated[
        CollectionMethod,
        Field(description="`send_invoice`: the customer pays each invoice; needs days_until_due."),
    ] = "charge_automatically"
    days_until_due: Annotated[int | None, Field(ge=0, le=365)] = None
    trial_days: Annotated[int | None, Field(ge=1, le=730, description="Free days at first.")] = None
    payment_behavior: Annotated[
        Literal["default_incomplete", "allow_incomplete", "error_if_incomplete"],
        Field(
            description="`default_incomplete`: the payer pays first on your page, with "
            "`client_secret`. The others charge the customer's method now; the last one makes "
            "nothing (402) if that is declined."
        ),
    ] = "default_incomplete"
    default_payment_method: Annotated[
        StripeId | None, Field(examples=["pm_Example"], description="Else the customer's.")
    ] = None
    description: Annotated[Text | None, StringConstraints(max_length=500)] = None
    metadata: StripeMetadata = {}

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.collection_method == "send_invoice") != (self.days_until_due is not None):
            raise ValueError("days_until_due goes with collection_method send_invoice")
        return self


class SubscriptionChange(Request):
    """What it shall sell from now on."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"items": [{"price": "price_Example", "quantity": 3}]}]}
    )

    items: Annotated[Items, Field(description="All that it shall sell; what is left out ends.")]
    proration_behavior: Annotated[
        Literal["create_prorations", "always_invoice", "none"],
        Field(
            description="What becomes of the running period: settled with the next invoice, by one "
            "at once, or not at all."
        ),
    ] = "create_prorations"
    default_payment_method: Annotated[
        StripeId | None, Field(examples=["pm_Example"], description="Left out, it stays.")
    ] = None
    description: Annotated[Text | None, StringConstraints(max_length=500)] = None
    metadata: StripeMetadata = {}


class PauseRequest(Request):
    behavior: Annotated[
        PauseBehavior, Field(description="What becomes of the invoices in the meantime.")
    ] = "void"
    resumes_at: Annotated[
        Instant | None, Field(description="When it goes on by itself; else by …/resume.")
    ] = None


class CancelSubscriptionRequest(Request):
    at_period_end: Annotated[
        bool, Field(description="Let it run until it would renew; …/resume takes this back.")
    ] = False
    prorate: Annotated[bool, Field(description="Now: credit what is left of the period.")] = False
    invoice_now: Annotated[bool, Field(description="Now: bill what is not billed yet.")] = False

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.at_period_end and (self.prorate or self.invoice_now):
            raise ValueError("prorate and invoice_now are for a cancellation now")
        return self


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
    interval: Annotated[str, one_of(Interval)]
    interval_count: int


class SubscriptionAnswer(Answer):
    id: SubscriptionRef
    connection_id: StripeConnectionRef
    stripe_id: Annotated[str, Field(examples=["sub_Example"])]
    livemode: bool
    status: Annotated[str, one_of(SubscriptionStatus)]
    customer: Annotated[
        str, Field(examples=["cus_Example"], description="Stripe's id of the customer.")
    ]
    currency: Annotated[str, Field(examples=["GBP"])]
    items: Sequence[SubscriptionItemAnswer]
    collection_method: Annotated[str, one_of(CollectionMethod)]
    days_until_due: int | None
    description: str | None
    default_payment_method: str | None
    current_period_start: Instant
    current_period_end: Annotated[Instant, Field(description="When it renews, or ends.")]
    trial_end: Instant | None
    pause_behavior: Annotated[
        str | None, one_of(PauseBehavior, "What becomes of invoices while it is paused.")
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


class SubscriptionMade(SubscriptionAnswer):
    """A new subscription, and what the payer's page needs to pay its first invoice."""

    client_secret: Annotated[
        str | None, Field(description="For Stripe Elements; null where nothing waits to be paid.")
    ]
    publishable_key: Annotated[
        str | None, Field(description="For Stripe.js, where the account is connected by Connect.")
    ]
    stripe_account: Annotated[
        str | None, Field(description="For Stripe.js, where the account is connected by Connect.")
    ]
