"""PaymentIntents, with their latest charge: what they say, and what of a change is news."""

from collections.abc import Sequence

from payymo_api.core.types import PREFIXES, InvoiceId, parse_public_id
from payymo_api.payments.rules.amounts import from_stripe
from payymo_api.payments.rules.raw import Raw, Values, id_of, moment_or_none

INVOICE_KEY = "payymo_invoice_id"
"""The metadata that says which invoice a payment is for."""

ENDED = {"succeeded", "canceled"}
"""A PaymentIntent never leaves these."""


def read(raw: Raw) -> Values:
    """Return the columns; the latest charge must be expanded, as it has what was refunded."""
    charge = raw["latest_charge"] or {}
    currency = raw["currency"].upper()
    error = raw["last_payment_error"] or {}
    return {
        "status": raw["status"],
        "amount_minor": from_stripe(raw["amount"], currency),
        "amount_capturable_minor": from_stripe(raw["amount_capturable"], currency),
        "amount_received_minor": from_stripe(raw["amount_received"], currency),
        "amount_refunded_minor": from_stripe(_given_back(charge), currency),
        "currency": currency,
        "disputed": charge.get("disputed", False),
        "customer": id_of(raw["customer"]),
        "invoice_id": _invoice_id(raw["metadata"].get(INVOICE_KEY, "")),
        "description": raw["description"],
        "statement_descriptor": raw["statement_descriptor"],
        "capture_method": raw["capture_method"],
        "latest_charge": charge.get("id"),
        **_payment_method(charge.get("payment_method_details") or error.get("payment_method")),
        "failure_code": error.get("code") or error.get("type"),
        "decline_code": error.get("decline_code"),
        "failure_message": error.get("message"),
        "next_action": (raw["next_action"] or {}).get("type"),
        "cancellation_reason": raw["cancellation_reason"],
        "canceled_at": moment_or_none(raw["canceled_at"]),
        "metadata_": dict(raw["metadata"]),
    }


def _given_back(charge: Raw) -> int:
    """What was only authorised and let go counts as refunded at Stripe; it was never taken."""
    amount: int = charge["amount_refunded"] if charge.get("captured") else 0
    return amount


def _invoice_id(text: str) -> InvoiceId | None:
    """Anybody with access to the account may write metadata: what is no id is none."""
    try:
        return InvoiceId(parse_public_id(PREFIXES[InvoiceId], text))
    except ValueError:
        return None


def _payment_method(details: Raw | None) -> Values:
    details = details or {}
    type = details.get("type")
    particulars = details.get(type) or {} if type else {}
    return {
        "payment_method_type": type,
        "payment_method_brand": particulars.get("brand"),
        "payment_method_last4": particulars.get("last4"),
    }


def is_overtaken(before: Values, after: Values) -> bool:
    """Whether `after` was seen before `before` was, although it was asked for later."""
    return before["status"] in ENDED and after["status"] != before["status"]


def news(before: Values | None, after: Values) -> Sequence[str]:
    """Return the event types that tell what has happened since `before` (None: all of it)."""
    was = before or {"status": None, "amount_refunded_minor": 0}
    told = []
    if after["status"] != was["status"] and after["status"] in _BY_STATUS:
        told.append(_BY_STATUS[after["status"]])
    if _has_failed(was, after):
        told.append("stripe_payment.failed")
    if after["amount_refunded_minor"] > was["amount_refunded_minor"]:
        told.append("stripe_payment.refunded")
    return told


_BY_STATUS = {
    "succeeded": "stripe_payment.succeeded",
    "requires_action": "stripe_payment.requires_action",
}
_ATTEMPT = ("latest_charge", "failure_code", "decline_code", "failure_message")


def _has_failed(before: Values, after: Values) -> bool:
    """An attempt was made that failed: another one than was known."""
    if after["status"] != "requires_payment_method" or after["failure_code"] is None:
        return False
    return before["status"] != after["status"] or any(
        before[name] != after[name] for name in _ATTEMPT
    )


def moves_money(before: Values | None, after: Values) -> bool:
    """Whether what its invoice gets by this payment may be another now."""
    if before is None:
        return _kept(after) != 0
    return (_kept(before), before["invoice_id"]) != (_kept(after), after["invoice_id"])


def _kept(values: Values) -> int:
    received: int = values["amount_received_minor"] - values["amount_refunded_minor"]
    return received
