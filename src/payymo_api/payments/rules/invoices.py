"""Stripe's invoices, with their payments: what they say, and what of it is booked."""

from payymo_api.payments.rules.amounts import from_stripe
from payymo_api.payments.rules.raw import Raw, Values, id_of, moment, moment_or_none

ENDED = {"paid", "void"}
"""An invoice never leaves these."""
_BOOKED = (
    "status",
    "number",
    "amount_due_minor",
    "amount_off_stripe_minor",
    "currency",
    "collection_method",
    "customer",
    "due_at",
    "finalized_at",
    "payment_intents",
    "metadata_",
)
"""What the document that stands for it in our books, and who pays it, follow from."""


def read(raw: Raw) -> Values:
    """Return the columns; `payments` must be expanded: nothing else names who pays."""
    currency = raw["currency"].upper()
    moments = raw["status_transitions"]

    def money(name: str) -> int:
        return from_stripe(raw.get(name) or 0, currency)

    return {
        "status": raw["status"],
        "number": raw["number"],
        "customer": id_of(raw["customer"]),
        "customer_name": raw["customer_name"],
        "customer_email": raw["customer_email"],
        "subscription": _subscription(raw),
        "billing_reason": raw["billing_reason"],
        "collection_method": raw["collection_method"],
        "description": raw["description"],
        "currency": currency,
        "total_minor": money("total"),
        "amount_due_minor": money("amount_due"),
        "amount_paid_minor": money("amount_paid"),
        "amount_remaining_minor": money("amount_remaining"),
        "amount_off_stripe_minor": money("amount_paid_off_stripe"),
        "payment_intents": _payment_intents(raw),
        "period_start": moment(raw["period_start"]),
        "period_end": moment(raw["period_end"]),
        "due_at": moment_or_none(raw["due_date"]),
        "finalized_at": moment_or_none(moments["finalized_at"]),
        "paid_at": moment_or_none(moments["paid_at"]),
        "voided_at": moment_or_none(moments["voided_at"]),
        "next_attempt_at": moment_or_none(raw["next_payment_attempt"]),
        "hosted_url": raw["hosted_invoice_url"],
        "pdf_url": raw["invoice_pdf"],
        "metadata_": dict(raw["metadata"] or {}),
    }


def _subscription(raw: Raw) -> str | None:
    parent = raw["parent"] or {}
    return id_of((parent.get("subscription_details") or {}).get("subscription"))


def _payment_intents(raw: Raw) -> list[str]:
    payments = [each["payment"] for each in raw["payments"]["data"]]
    found = (id_of(each.get("payment_intent")) for each in payments)
    return sorted(each for each in found if each is not None)


def is_overtaken(before: Values, after: Values) -> bool:
    """Whether `after` was seen before `before` was, although it was asked for later."""
    return before["status"] in ENDED and after["status"] != before["status"]


def moves_books(before: Values | None, after: Values) -> bool:
    """Whether the document in our books, or who pays it, may be another now; a draft has none."""
    if after["finalized_at"] is None:
        return False
    return before is None or any(before[name] != after[name] for name in _BOOKED)
