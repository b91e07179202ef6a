"""Disputes: what they say, what of a change is news, and what they take from a payment."""

from collections.abc import Sequence
from typing import Final

from payymo_api.payments.rules.amounts import from_stripe
from payymo_api.payments.rules.raw import Raw, Values, id_of, moment_or_none

LOST: Final = "lost"
TAKEN: Final = frozenset({"needs_response", "under_review", LOST})
"""The bank holds the money, or has it for good. An inquiry (`warning_…`) takes nothing."""


def read(raw: Raw) -> Values:
    currency = raw["currency"].upper()
    evidence = raw["evidence_details"]
    return {
        "status": raw["status"],
        "reason": raw["reason"],
        "network_reason_code": raw.get("network_reason_code"),
        "amount_minor": from_stripe(raw["amount"], currency),
        "currency": currency,
        "charge": id_of(raw["charge"]),
        "payment_intent": id_of(raw["payment_intent"]),
        "evidence_due_at": moment_or_none(evidence["due_by"]),
        "evidence_submitted": evidence["submission_count"] > 0,
    }


def news(before: Values | None, after: Values) -> Sequence[str]:
    """A dispute is told when it is opened, and at each step until it is won or lost."""
    if before is None or before["status"] != after["status"]:
        return ["stripe_payment.disputed"]
    return []


def moves_money(before: Values | None, after: Values) -> bool:
    """Whether what the payment brings its invoice may be another now."""
    return _lost(before) != _lost(after)


def _lost(values: Values | None) -> int:
    """A dispute may be for a part of the payment."""
    lost: int = values["amount_minor"] if values and values["status"] == LOST else 0
    return lost
