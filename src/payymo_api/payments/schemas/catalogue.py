from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from payymo_api.core.fields import AmountOut, Answer, Code, Filters, Instant
from payymo_api.core.refs import StripeConnectionFilter
from payymo_api.payments.schemas.subscriptions import Interval
from payymo_api.payments.schemas.words import one_of


class CatalogueFilters(Filters):
    connection_id: Annotated[StripeConnectionFilter, Field(description="Whose Stripe account.")]
    active: Annotated[bool | None, Field(description="Only what is, or is not, for sale.")] = None
    limit: Annotated[int, Field(ge=1, le=100, description="How many at the most.")] = 50
    cursor: Annotated[
        str | None,
        StringConstraints(pattern=r"^[A-Za-z0-9_]{1,255}$"),
        Field(description="`next_cursor` of the page before."),
    ] = None


class PriceFilters(CatalogueFilters):
    product: Annotated[Code | None, Field(description="Of this product: prod_….")] = None
    type: Annotated[
        Literal["one_time", "recurring"] | None,
        Field(description="`recurring` for subscriptions, `one_time` for lines of invoices."),
    ] = None


class ProductAnswer(Answer):
    stripe_id: Annotated[str, Field(examples=["prod_Example"])]
    name: str
    description: str | None
    active: bool
    default_price: Annotated[str | None, Field(examples=["price_Example"])]
    metadata: dict[str, str]
    stripe_created_at: Instant


class PriceAnswer(Answer):
    stripe_id: Annotated[str, Field(examples=["price_Example"])]
    product: Annotated[str, Field(examples=["prod_Example"])]
    nickname: str | None
    active: bool
    type: Annotated[str, one_of(Literal["one_time", "recurring"])]
    unit_amount: Annotated[
        AmountOut | None, Field(description="None where the price has tiers or fractions.")
    ]
    unit_amount_minor: int | None
    currency: str
    interval: Annotated[str | None, one_of(Interval)]
    interval_count: int | None
    metadata: dict[str, str]
    stripe_created_at: Instant
