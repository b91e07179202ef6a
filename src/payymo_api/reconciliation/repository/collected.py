from collections.abc import Collection, Mapping, Sequence
from typing import cast

from sqlalchemy import Table, select

from payymo_api.core.db import Scope
from payymo_api.core.repository import TenantRepository, among
from payymo_api.core.types import InvoiceId, PaymentId
from payymo_api.core.writes import Write, inserted
from payymo_api.invoicing.models import Invoice
from payymo_api.reconciliation.models import PaymentAllocation

_ALLOCATIONS = cast("Table", PaymentAllocation.__table__)
_OR_SET = (
    "ON CONFLICT (tenant_id, payment_id, invoice_id) DO UPDATE"
    " SET amount_minor = excluded.amount_minor, updated_at = now()"
)


class PaymentAllocationRepository(TenantRepository[PaymentAllocation]):
    model = PaymentAllocation

    async def of(self, payments: Collection[PaymentId]) -> Sequence[PaymentAllocation]:
        statement = self.select().where(among(PaymentAllocation.payment_id, payments))
        fresh = statement.execution_options(populate_existing=True)
        return (await self._session.scalars(fresh)).all()

    async def documents_of(self, refs: Collection[str]) -> Mapping[str, InvoiceId]:
        """Return Stripe's id -> the document that stands for it."""
        ...


def allocated(scope: Scope, rows: Sequence[PaymentAllocation]) -> list[Write]:
    """Return what sets these allocations, new ones and others."""
    if not rows:
        return []
    names = ("payment_id", "invoice_id", "amount_minor", "currency")
    columns = {name: [getattr(row, name) for row in rows] for name in names}
    insert = inserted(scope.tenant_id, _ALLOCATIONS, columns)
    return [insert._replace(text=f"{insert.text} {_OR_SET}")]
