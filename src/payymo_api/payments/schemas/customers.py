from typing import Annotated

from pydantic import Field

from payymo_api.core.fields import Answer, Instant
from payymo_api.core.refs import StripeConnectionRef, StripeCustomerRef


class AddressAnswer(Answer):
    line1: str | None
    line2: str | None
    city: str | None
    postal_code: str | None
    state: str | None
    country: str | None


class StripeCustomerAnswer(Answer):
    id: StripeCustomerRef
    connection_id: StripeConnectionRef
    stripe_id: Annotated[str, Field(examples=["cus_Example"])]
    livemode: bool
    name: str | None
    email: str | None
    phone: str | None
    description: str | None
    address: AddressAnswer | None
    currency: Annotated[
        str | None, Field(examples=["GBP"], description="What it is billed in, once it was.")
    ]
    balance_minor: Annotated[
        int,
        Field(description="Below 0: credit that pays the next invoices; above: owed with them."),
    ]
    delinquent: Annotated[bool, Field(description="Its latest invoice is overdue.")]
    default_payment_method: Annotated[
        str | None, Field(examples=["pm_Example"], description="What its invoices are paid with.")
    ]
    metadata: dict[str, str]
    stripe_created_at: Annotated[Instant, Field(description="When it was made at Stripe.")]
    created_at: Instant
    updated_at: Instant
