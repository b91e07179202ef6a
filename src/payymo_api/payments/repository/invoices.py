"""What a payment must know of an invoice. `invoicing` is a sibling: its table is read by name."""

from dataclasses import dataclass

from sqlalchemy import BigInteger, DateTime, Text, Uuid, column, select, table

from payymo_api.core.db import Scope
from payymo_api.core.types import InvoiceId

_INVOICES = table(
    "invoices",
    column("tenant_id", Uuid),
    column("id", Uuid),
    column("kind", Text),
    column("status", Text),
    column("currency", Text),
    column("open_minor", BigInteger),
    column("removed_at", DateTime(timezone=True)),
)


@dataclass(frozen=True, slots=True)
class Payable:
    """An invoice as something to be paid."""

    kind: str
    status: str
    currency: str
    open_minor: int


async def payable(scope: Scope, id: InvoiceId) -> Payable | None:
    """Return None where there is no such document."""
    each = _INVOICES.c
    found = await scope.session.execute(
        select(each.kind, each.status, each.currency, each.open_minor).where(
            each.tenant_id == scope.tenant_id, each.id == id, each.removed_at.is_(None)
        )
    )
    row = found.one_or_none()
    return None if row is None else Payable(*row)
