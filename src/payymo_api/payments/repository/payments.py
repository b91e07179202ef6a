from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement

from payymo_api.core.db import Scope
from payymo_api.core.page import Keyset, Page
from payymo_api.payments.models import StripeConnection, StripePayment
from payymo_api.payments.repository.mirror import MirrorRepository
from payymo_api.payments.schemas.payments import PaymentFilters


class PaymentRepository(MirrorRepository[StripePayment]):
    newest = Keyset[StripePayment](
        (StripePayment.stripe_created_at, StripePayment.id),
        lambda row: (row.stripe_created_at, row.id),
        (datetime, UUID),
    )

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope, StripePayment)

    async def page(self, filters: PaymentFilters) -> Page[StripePayment]:
        """The order is that of `ix_stripe_payments_created`."""
        statement = self.select().where(*_conditions(filters))
        return await self.newest.page(self._session, statement, filters.cursor, filters.limit)

    async def connection_of(self, payment: StripePayment) -> StripeConnection:
        """Return the connection that it came by, removed or not."""
        key = {"tenant_id": self._tenant_id, "id": payment.connection_id}
        return await self._session.get_one(StripeConnection, key)


_WANTED: Mapping[str, Callable[[Any], ColumnElement[bool]]] = {
    "connection_id": lambda id: StripePayment.connection_id == id,
    "status": lambda status: StripePayment.status == status,
    "currency": lambda currency: StripePayment.currency == currency,
    "customer": lambda customer: StripePayment.customer == customer,
    "invoice_id": lambda id: StripePayment.invoice_id == id,
    "min_amount_minor": lambda minor: StripePayment.amount_minor >= minor,
    "max_amount_minor": lambda minor: StripePayment.amount_minor <= minor,
    "created_from": lambda moment: StripePayment.stripe_created_at >= moment,
    "created_to": lambda moment: StripePayment.stripe_created_at <= moment,
}
"""Filter -> what its value asks of a payment."""


def _conditions(filters: PaymentFilters) -> list[ColumnElement[bool]]:
    given = {name: value for name, value in dict(filters).items() if value is not None}
    return [_WANTED[name](value) for name, value in given.items() if name in _WANTED]
