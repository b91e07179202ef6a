from typing import ClassVar

from payymo_api.messaging.events import Event, PublicEvent


class DocumentsChanged(Event):
    """New or changed documents: open lines may match now."""

    name: ClassVar[str] = "documents.changed"


class InvoicePaid(PublicEvent):
    name: ClassVar[str] = "invoice.paid"


class InvoicePartiallyPaid(PublicEvent):
    name: ClassVar[str] = "invoice.partially_paid"
