from typing import Annotated

from fastapi import Depends, Query

from payymo_api.core.fields import Listing
from payymo_api.edge.openapi import problem
from payymo_api.edge.route import api_router
from payymo_api.edge.scope import CallerDep
from payymo_api.edge.state import DatabaseDep
from payymo_api.payments.errors import StripeConnectionNotActive
from payymo_api.payments.router.stripes import StripesDep
from payymo_api.payments.schemas.catalogue import (
    CatalogueFilters,
    PriceAnswer,
    PriceFilters,
    ProductAnswer,
)
from payymo_api.payments.service.catalogue import Catalogue

products = api_router("/stripe/products", "stripe_products")
prices = api_router("/stripe/prices", "stripe_products")


async def open_catalogue(
    caller: CallerDep, database: DatabaseDep, stripes: StripesDep
) -> Catalogue:
    return Catalogue(database, stripes, caller.tenant_id)


CatalogueDep = Annotated[Catalogue, Depends(open_catalogue)]
_NOT_ACTIVE = problem(StripeConnectionNotActive("The Stripe connection is revoked."))


@products.get("", responses={409: _NOT_ACTIVE})
async def list_stripe_products(
    catalogue: CatalogueDep, filters: Annotated[CatalogueFilters, Query()]
) -> Listing[ProductAnswer]:
    """List what an account sells, as Stripe tells it now, the newest first."""
    return await catalogue.products(filters)


@prices.get("", responses={409: _NOT_ACTIVE})
async def list_stripe_prices(
    catalogue: CatalogueDep, filters: Annotated[PriceFilters, Query()]
) -> Listing[PriceAnswer]:
    """List an account's prices, as Stripe tells them now, the newest first."""
    return await catalogue.prices(filters)
