from typing import ClassVar

from payymo_api.core.types import InvoiceId
from payymo_api.messaging.events import Event, PublicEvent


class DocumentsChanged(Event):
    """New or changed documents: undecided lines that share a key or an amount may match now."""

    name: ClassVar[str] = "documents.changed"

    invoice_ids: tuple[InvoiceId, ...]


class InvoicePaid(PublicEvent):
    name: ClassVar[str] = "invoice.paid"


class InvoicePartiallyPaid(PublicEvent):
    name: ClassVar[str] = "invoice.partially_paid"
