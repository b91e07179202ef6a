from collections.abc import Collection, Sequence

from payymo_api.core.repository import TenantRepository
from payymo_api.core.types import InvoiceId
from payymo_api.invoicing.models import Customer, Invoice


class CustomerRepository(TenantRepository[Customer]):
    model = Customer


class InvoiceRepository(TenantRepository[Invoice]):
    model = Invoice

    async def locked(self, ids: Collection[InvoiceId]) -> Sequence[Invoice]:
        """Return the documents, their rows locked in id order until the transaction ends."""
        statement = (
            self.select()
            .where(Invoice.id.in_(ids))
            .order_by(Invoice.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        return (await self._session.scalars(statement)).all()

    @staticmethod
    def settle(document: Invoice, minor: int) -> None:
        """Move a locked document's settled amount; a CHECK keeps it between 0 and its total."""
        document.settled_minor += minor
        if document.settled_minor == document.amount_minor:
            document.status = "paid"
        else:
            document.status = "partially_paid" if document.settled_minor else "open"
