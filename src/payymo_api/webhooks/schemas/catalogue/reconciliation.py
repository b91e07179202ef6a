"""Which money settles what."""

from decimal import Decimal
from typing import Any, Final

from payymo_api.reconciliation.schemas import InvoiceMoved, LineMatched, PayoutReconciled
from payymo_api.reconciliation.schemas.suggestions import LineSuggested
from payymo_api.webhooks.schemas.catalogue.event_type import EventType
from payymo_api.webhooks.schemas.catalogue.samples import MONEY, sample_id, total

_DOCUMENTS: Final = [
    {"document_type": "invoice", "document_id": sample_id("inv"), **total("100.50")}
]
_MATCH: Final[dict[str, Any]] = {
    "transaction_id": sample_id("tr"),
    "match_id": sample_id("mt"),
    **MONEY,
    "source": "auto",
    "documents": _DOCUMENTS,
}
_INVOICE: Final[dict[str, Any]] = {
    "invoice_id": sample_id("inv"),
    "number": "INV-7",
    "external_id": "7",
    "customer_id": sample_id("cust"),
    **MONEY,
    "settled_minor": 10050,
    "open_minor": 0,
    "match_id": sample_id("mt"),
    "payment_id": None,
}


def _match(name: str, description: str) -> EventType:
    return EventType(name, description, LineMatched, _MATCH, object="transaction_id")


def _invoice(name: str, description: str, **fields: object) -> EventType:
    return EventType(name, description, InvoiceMoved, _INVOICE | fields, object="invoice_id")


TYPES: Final = (
    _match("transaction.matched", "A line was matched with what it pays."),
    _match("transaction.unmatched", "A match was undone."),
    _invoice("invoice.paid", "Nothing of an invoice is open any more."),
    _invoice(
        "invoice.partially_paid",
        "A part of an invoice was paid.",
        **total("150.50"),
        open_minor=5000,
    ),
    EventType(
        "reconciliation.suggested",
        "A match waits for somebody's decision.",
        LineSuggested,
        {
            "suggestion_id": sample_id("sug"),
            "transaction_id": sample_id("tr"),
            **MONEY,
            "probability": Decimal("0.9731"),
            "documents": _DOCUMENTS,
        },
        object="transaction_id",
    ),
    EventType(
        "stripe_payout.reconciled",
        "A payout's bank line was found.",
        PayoutReconciled,
        {
            "id": sample_id("spo"),
            "stripe_id": "po_1PExample",
            **MONEY,
            "transaction_id": sample_id("tr"),
            "match_id": sample_id("mt"),
        },
    ),
)
