from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from payymo_api.core.fields import (
    Answer,
    Code,
    Country,
    Email,
    Instant,
    Name,
    Paging,
    Request,
    Text,
)
from payymo_api.core.refs import StripeConnectionFilter, StripeConnectionRef, StripeCustomerRef
from payymo_api.payments.schemas.payment_requests import StripeId, StripeMetadata


class AddressAnswer(Answer):
    line1: str | None
    line2: str | None
    city: str | None
    postal_code: str | None
    state: str | None
    country: str | None


class StripeCustomerFilters(Paging):
    connection_id: Annotated[
        StripeConnectionFilter | None, Field(description="Of this Stripe connection.")
    ] = None
    stripe_id: Annotated[Code | None, Field(description="Stripe's id of it: cus_….")] = None
    email: Annotated[Code | None, Field(description="Exactly this address.")] = None


class Address(Request):
    line1: Annotated[Name | None, Field(examples=["1 Quay Street"])] = None
    line2: Name | None = None
    city: Annotated[Name | None, Field(examples=["Bristol"])] = None
    postal_code: Annotated[Code | None, Field(examples=["BS1 1AA"])] = None
    state: Annotated[Name | None, Field(description="State, county or province.")] = None
    country: Annotated[Country | None, Field(examples=["GB"])] = None


class StripeCustomerFields(Request):
    name: Annotated[Name | None, Field(examples=["Harbour Foods Ltd"])] = None
    email: Annotated[
        Email | None, Field(examples=["ap@harbour.example"], description="Invoices go there.")
    ] = None
    phone: Annotated[Code | None, StringConstraints(max_length=20)] = None
    description: Annotated[Text | None, StringConstraints(max_length=1000)] = None
    address: Address | None = None
    metadata: StripeMetadata = {}


class StripeCustomerRequest(StripeCustomerFields):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "connection_id": "scon_06ghq1m2dpuh5c9s2rcmo3g8d4",
                    "name": "Harbour Foods Ltd",
                    "email": "ap@harbour.example",
                }
            ]
        }
    )

    connection_id: Annotated[StripeConnectionRef, Field(description="Whose Stripe account.")]
    payment_method: Annotated[
        StripeId | None,
        Field(
            examples=["pm_Example"],
            description="From Stripe Elements: attached, and what its invoices are paid with.",
        ),
    ] = None


class StripeCustomerChange(StripeCustomerFields):
    """What it shall be: a field that is left out becomes empty, the payment method stays."""

    default_payment_method: Annotated[
        StripeId | None,
        Field(examples=["pm_Example"], description="Attached already; left out, it stays."),
    ] = None


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
