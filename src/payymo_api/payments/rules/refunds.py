"""Refunds: what they say. What is news of them is told of their payment."""

from collections.abc import Sequence

from payymo_api.payments.rules.amounts import from_stripe
from payymo_api.payments.rules.raw import Raw, Values, id_of

ENDED = {"failed", "canceled"}
"""A refund never leaves these; one that succeeded may fail yet."""


def read(raw: Raw) -> Values:
    currency = raw["currency"].upper()
    return {
        "status": raw["status"] or "pending",
        "amount_minor": from_stripe(raw["amount"], currency),
        "currency": currency,
        "payment_intent": id_of(raw["payment_intent"]),
        "charge": id_of(raw["charge"]),
        "balance_transaction": id_of(raw["balance_transaction"]),
        "reason": raw["reason"],
        "failure_reason": raw.get("failure_reason"),
        "metadata_": dict(raw["metadata"] or {}),
    }


def is_overtaken(before: Values, after: Values) -> bool:
    """Whether `after` was seen before `before` was, although it was asked for later."""
    return before["status"] in ENDED and after["status"] != before["status"]


def news(_: Values | None, __: Values) -> Sequence[str]:
    return ()
