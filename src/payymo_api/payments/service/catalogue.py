"""Products and prices: read at Stripe when they are asked for, and not kept."""

from dataclasses import dataclass

from payymo_api.core.db import Database
from payymo_api.core.errors import ValidationFailed
from payymo_api.core.fields import Listing
from payymo_api.core.money import Money
from payymo_api.core.types import TenantId
from payymo_api.payments.errors import StripeRefused
from payymo_api.payments.gateway import Listed, Params
from payymo_api.payments.repository.connections import StripeConnectionRepository
from payymo_api.payments.rules.amounts import from_stripe
from payymo_api.payments.rules.raw import Raw, id_of, moment
from payymo_api.payments.schemas.catalogue import (
    CatalogueFilters,
    PriceAnswer,
    PriceFilters,
    ProductAnswer,
)
from payymo_api.payments.service.accounts import Stripes
from payymo_api.payments.service.billing import given


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What an account sells. No transaction is open while Stripe is asked."""

    database: Database
    stripes: Stripes
    tenant_id: TenantId

    async def products(self, filters: CatalogueFilters) -> Listing[ProductAnswer]:
        found = await self._list("product", filters, {})
        return Listing(
            data=[_product(each) for each in found.data],
            has_more=found.has_more,
            next_cursor=_next(found),
        )

    async def prices(self, filters: PriceFilters) -> Listing[PriceAnswer]:
        wanted = given(product=filters.product, type=filters.type)
        found = await self._list("price", filters, wanted)
        return Listing(
            data=[_price(each) for each in found.data],
            has_more=found.has_more,
            next_cursor=_next(found),
        )

    async def _list(self, kind: str, filters: CatalogueFilters, wanted: Params) -> Listed:
        async with self.database.scope(self.tenant_id) as scope:
            connection = await StripeConnectionRepository(scope).find(filters.connection_id)
        if connection is None:
            return Listed([], has_more=False)
        page = given(active=filters.active, limit=filters.limit, starting_after=filters.cursor)
        try:
            return await self.stripes.of(connection).list(kind, {**page, **wanted})
        except StripeRefused as refused:
            if filters.cursor is None or not refused.missing:
                raise
            raise ValidationFailed.at(
                "/cursor", "invalid_cursor", "Take the cursor from next_cursor as it is."
            ) from refused


def _next(found: Listed) -> str | None:
    """Stripe's own cursor: the last object's id."""
    return found.data[-1]["id"] if found.has_more else None


def _product(raw: Raw) -> ProductAnswer:
    return ProductAnswer(
        stripe_id=raw["id"],
        name=raw["name"],
        description=raw["description"],
        active=raw["active"],
        default_price=id_of(raw["default_price"]),
        metadata=raw["metadata"],
        stripe_created_at=moment(raw["created"]),
    )


def _price(raw: Raw) -> PriceAnswer:
    currency = raw["currency"].upper()
    recurring = raw["recurring"] or {}
    unit = raw["unit_amount"]
    minor = None if unit is None else from_stripe(unit, currency)
    return PriceAnswer(
        stripe_id=raw["id"],
        product=raw["product"],
        nickname=raw["nickname"],
        active=raw["active"],
        type=raw["type"],
        unit_amount=None if minor is None else Money(minor, currency).decimal(),
        unit_amount_minor=minor,
        currency=currency,
        interval=recurring.get("interval"),
        interval_count=recurring.get("interval_count"),
        metadata=raw["metadata"],
        stripe_created_at=moment(raw["created"]),
    )
