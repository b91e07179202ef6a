"""The event types that the contract names: what each says, and what its `data` looks like."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

EVERY = "*"
"""Subscribes to every event type, those of later versions too."""


@dataclass(frozen=True, slots=True)
class EventType:
    """`available`: sent by this version; the others may be subscribed to ahead of time."""

    name: str
    description: str
    example: Mapping[str, Any]
    available: bool = True


def _id(prefix: str) -> str:
    return f"{prefix}_06ghq1m2dpuh5c9s2rcmo3g8d4"


_MONEY = {"amount": Decimal("100.50"), "amount_minor": 10050, "currency": "GBP"}
_SUM, _ZERO = (
    {"amount": amount, "amount_minor": int(amount * 100)}
    for amount in (Decimal("100.50"), Decimal("0.00"))
)
_CONNECTION = {"id": _id("bc"), "status": "active", "institution": {"name": "Example Bank"}}
_TRANSACTION = {
    "transaction_id": _id("tr"),
    "account_id": _id("bacc"),
    **_MONEY,
    "description": "INV-7 Thank you",
    "date": "2026-11-23",
}
_MATCH = {
    "transaction_id": _id("tr"),
    "match_id": _id("mt"),
    **_MONEY,
    "source": "auto",
    "documents": [
        {"document_type": "invoice", "document_id": _id("inv"), **_SUM},
    ],
}
_SUGGESTION = {
    "suggestion_id": _id("sug"),
    "transaction_id": _id("tr"),
    **_MONEY,
    "probability": Decimal("0.9731"),
    "documents": _MATCH["documents"],
}
_INVOICE = {"invoice_id": _id("inv"), "number": "INV-7", **_MONEY}
_STRIPE_PAYMENT = {"id": _id("sp"), "stripe_id": "pi_example", "status": "succeeded", **_MONEY}
_STRIPE_DISPUTE = {
    "id": _id("sdp"),
    "stripe_id": "du_example",
    "payment_id": _id("sp"),
    "status": "needs_response",
    "reason": "fraudulent",
    **_MONEY,
}
_STRIPE_PAYOUT = {"id": _id("spo"), "stripe_id": "po_example", **_MONEY}
_PAYMENT_REQUEST = {"id": "BRQ000123", **_MONEY}
_ENDPOINT = {"id": _id("we"), "url": "https://example.com/payymo", "enabled": False}


def _later(name: str, description: str, example: Mapping[str, Any]) -> EventType:
    return EventType(name, description, example, available=False)


_ALL = (
    EventType("bank_connection.created", "A consent at a bank was begun.", _CONNECTION),
    EventType("bank_connection.updated", "A bank connection changed its status.", _CONNECTION),
    EventType(
        "bank_connection.expired",
        "A consent has ended; the account holder consents again.",
        _CONNECTION | {"status": "expired"},
    ),
    EventType(
        "bank_connection.expiring",
        "A consent ends in 14, 7 or 1 days: once for each, unless a later one has come.",
        _CONNECTION | {"expires_at": "2026-11-30T09:30:00Z", "days_left": 7},
    ),
    EventType("transaction.created", "A bank account has a new line.", _TRANSACTION),
    EventType(
        "transaction.updated",
        "The bank changed a line, or its category, note or merchant is another.",
        _TRANSACTION,
    ),
    EventType("transaction.removed", "The bank took a line back.", _TRANSACTION),
    EventType(
        "transactions.imported",
        "Many lines came at once (first reading of an account, statement file): the summary in "
        "place of an event per line. Endpoints with `each_line` get the lines instead.",
        {
            "account_id": _id("bacc"),
            "count": 1,
            "date_from": "2026-08-25",
            "date_to": "2026-11-23",
            "currencies": [
                {"currency": "GBP", "count": 1, "money_in": _SUM, "money_out": _ZERO, "net": _SUM}
            ],
        },
    ),
    EventType(
        "transactions.categorised",
        "Category rules were applied to the past: the summary in place of `transaction.updated` "
        "for each line. Endpoints with `each_line` get the lines instead.",
        {"application_id": _id("rap"), "checked": 9120, "changed": 812},
    ),
    EventType("transaction.matched", "A line was matched with what it pays.", _MATCH),
    EventType("transaction.unmatched", "A match was undone.", _MATCH),
    EventType("invoice.paid", "Nothing of an invoice is open any more.", _INVOICE),
    EventType("invoice.partially_paid", "A part of an invoice was paid.", _INVOICE),
    EventType("reconciliation.suggested", "A match waits for somebody's decision.", _SUGGESTION),
    EventType(
        "stripe_connection.revoked",
        "The owner of a Stripe account took our access back.",
        {"id": _id("scon"), "type": "connect", "status": "revoked", "livemode": True},
    ),
    EventType("stripe_payment.succeeded", "A Stripe payment succeeded.", _STRIPE_PAYMENT),
    EventType(
        "stripe_payment.failed",
        "An attempt at a Stripe payment failed; the payer may try again.",
        _STRIPE_PAYMENT
        | {
            "status": "requires_payment_method",
            "failure": {"code": "card_declined", "decline_code": "insufficient_funds"},
        },
    ),
    EventType(
        "stripe_payment.requires_action",
        "The payer must do something more, such as 3-D Secure.",
        _STRIPE_PAYMENT | {"status": "requires_action"},
    ),
    EventType(
        "stripe_payment.refunded",
        "More of a Stripe payment was refunded.",
        _STRIPE_PAYMENT | {"amount_refunded_minor": 10050},
    ),
    EventType(
        "stripe_payment.disputed",
        "A payer disputes a Stripe payment, or the dispute has come to its next `status`.",
        _STRIPE_DISPUTE,
    ),
    EventType(
        "stripe_payout.paid",
        "Stripe has paid money out to the bank.",
        _STRIPE_PAYOUT | {"status": "paid", "arrival_on": "2026-11-25"},
    ),
    EventType(
        "stripe_payout.failed",
        "The bank refused a payout, or gave it back days after it was paid.",
        _STRIPE_PAYOUT | {"status": "failed", "failure_code": "account_closed"},
    ),
    EventType(
        "stripe_payout.reconciled",
        "A payout's bank line was found.",
        _STRIPE_PAYOUT | {"transaction_id": _id("tr"), "match_id": _id("mt")},
    ),
    _later("payment_request.confirmed", "A payment by bank was confirmed.", _PAYMENT_REQUEST),
    _later("payment_request.failed", "A payment by bank failed.", _PAYMENT_REQUEST),
    EventType(
        "webhook_endpoint.disabled",
        "Payymo stopped sending to an endpoint, because it answered 410 Gone.",
        _ENDPOINT | {"disabled_reason": "gone"},
    ),
)
EVENT_TYPES: Final[Mapping[str, EventType]] = {each.name: each for each in _ALL}
