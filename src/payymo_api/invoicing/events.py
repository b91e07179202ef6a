from typing import ClassVar

from payymo_api.core.types import CustomerId, InvoiceId
from payymo_api.messaging.events import Event, PublicEvent


class DocumentsChanged(Event):
    """New or changed documents: undecided lines that share a key or an amount may match now."""

    name: ClassVar[str] = "documents.changed"

    invoice_ids: tuple[InvoiceId, ...]


class CustomersChanged(Event):
    """Customers are called otherwise: undecided lines that speak of them may match now."""

    name: ClassVar[str] = "customers.changed"

    customer_ids: tuple[CustomerId, ...]


class InvoicePaid(PublicEvent):
    name: ClassVar[str] = "invoice.paid"


class InvoicePartiallyPaid(PublicEvent):
    name: ClassVar[str] = "invoice.partially_paid"
