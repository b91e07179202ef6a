from collections.abc import Collection, Sequence
from typing import cast

from sqlalchemy import Table

from payymo_api.core.db import Scope
from payymo_api.core.repository import TenantRepository, among
from payymo_api.core.types import PaymentId
from payymo_api.core.writes import Write, inserted
from payymo_api.reconciliation.models import PaymentAllocation

_OR_SET = (
    "ON CONFLICT (tenant_id, payment_id, invoice_id) DO UPDATE"
    " SET amount_minor = excluded.amount_minor, updated_at = now()"
)


class PaymentAllocationRepository(TenantRepository[PaymentAllocation]):
    model = PaymentAllocation

    async def of(self, payments: Collection[PaymentId]) -> Sequence[PaymentAllocation]:
        """Return what is committed now of these payments' allocations."""
        statement = self.select().where(among(PaymentAllocation.payment_id, payments))
        fresh = statement.execution_options(populate_existing=True)
        return (await self._session.scalars(fresh)).all()


def allocated(scope: Scope, rows: Sequence[PaymentAllocation]) -> list[Write]:
    """Return what sets these allocations, whether or not they are there."""
    if not rows:
        return []
    names = ("payment_id", "invoice_id", "amount_minor", "currency")
    columns = {name: [getattr(row, name) for row in rows] for name in names}
    insert = inserted(scope.tenant_id, cast("Table", PaymentAllocation.__table__), columns)
    return [insert._replace(text=f"{insert.text} {_OR_SET}")]
