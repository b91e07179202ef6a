"""Lists of customers, subscriptions and invoices at Stripe: the newest there first."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy.orm import InstrumentedAttribute

from payymo_api.core.page import Keyset, Page
from payymo_api.core.repository import TenantRepository
from payymo_api.payments.models import (
    Mirrored,
    StripeConnection,
    StripeCustomer,
    StripeInvoice,
    StripeSubscription,
)
from payymo_api.payments.schemas.customers import StripeCustomerFilters
from payymo_api.payments.schemas.invoices import StripeInvoiceFilters
from payymo_api.payments.schemas.subscriptions import SubscriptionFilters

RowT = TypeVar("RowT", bound=Mirrored)
Wanted = Sequence[tuple[InstrumentedAttribute[Any], object]]


class BilledRepository(TenantRepository[RowT]):
    async def connection_of(self, row: RowT) -> StripeConnection:
        """Return the connection that it came by, removed or not."""
        key = {"tenant_id": self._tenant_id, "id": row.connection_id}
        return await self._session.get_one(StripeConnection, key)

    async def _page(self, wanted: Wanted, cursor: str | None, limit: int) -> Page[RowT]:
        model = self.model
        by_age = Keyset[RowT](
            (model.stripe_created_at, self._id),
            lambda row: (row.stripe_created_at, row.id),
            (datetime, UUID),
        )
        statement = self.select().where(
            *(column == value for column, value in wanted if value is not None)
        )
        return await by_age.page(self._session, statement, cursor, limit)


class StripeCustomerRepository(BilledRepository[StripeCustomer]):
    model = StripeCustomer

    async def page(self, filters: StripeCustomerFilters) -> Page[StripeCustomer]:
        wanted: Wanted = (
            (StripeCustomer.connection_id, filters.connection_id),
            (StripeCustomer.stripe_id, filters.stripe_id),
            (StripeCustomer.email, filters.email),
        )
        return await self._page(wanted, filters.cursor, filters.limit)


class SubscriptionRepository(BilledRepository[StripeSubscription]):
    model = StripeSubscription

    async def page(self, filters: SubscriptionFilters) -> Page[StripeSubscription]:
        wanted: Wanted = (
            (StripeSubscription.connection_id, filters.connection_id),
            (StripeSubscription.customer, filters.customer),
            (StripeSubscription.status, filters.status),
        )
        return await self._page(wanted, filters.cursor, filters.limit)


class StripeInvoiceRepository(BilledRepository[StripeInvoice]):
    model = StripeInvoice

    async def page(self, filters: StripeInvoiceFilters) -> Page[StripeInvoice]:
        wanted: Wanted = (
            (StripeInvoice.connection_id, filters.connection_id),
            (StripeInvoice.stripe_id, filters.stripe_id),
            (StripeInvoice.customer, filters.customer),
            (StripeInvoice.subscription, filters.subscription),
            (StripeInvoice.status, filters.status),
        )
        return await self._page(wanted, filters.cursor, filters.limit)
