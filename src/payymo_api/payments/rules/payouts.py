"""Payouts: what they say, what of a change is news, and what their parts must add up to."""

from collections.abc import Sequence

from payymo_api.payments.rules.amounts import from_stripe
from payymo_api.payments.rules.raw import Raw, Values, moment

_LISTED_WHOLE = "completed"
_NEVER_LISTED = "not_applicable"


def read(raw: Raw) -> Values:
    """Return the columns. Only automatic, standard payouts are made of balance transactions."""
    currency = raw["currency"].upper()
    reconciliation = raw["reconciliation_status"]
    automatic = raw["automatic"]
    return {
        "amount_minor": from_stripe(raw["amount"], currency),
        "currency": currency,
        "status": raw["status"],
        "arrival_on": moment(raw["arrival_date"]).date(),
        "method": raw["method"],
        "automatic": automatic,
        "traceable": automatic and reconciliation != _NEVER_LISTED and raw["method"] != "instant",
        "listed_whole": reconciliation == _LISTED_WHOLE,
        "description": raw["description"],
        "statement_descriptor": raw["statement_descriptor"],
        "trace_id": (raw.get("trace_id") or {}).get("value"),
        "failure_code": raw["failure_code"],
        "failure_message": raw["failure_message"],
    }


def news(before: Values | None, after: Values) -> Sequence[str]:
    """Return the event types that tell what has happened since `before` (None: all of it)."""
    if after["status"] in _BY_STATUS and (before is None or before["status"] != after["status"]):
        return [_BY_STATUS[after["status"]]]
    return []


_BY_STATUS = {"paid": "stripe_payout.paid", "failed": "stripe_payout.failed"}
_TOLD_BY_THE_BANK = ("status", "arrival_on", "statement_descriptor", "trace_id")


def may_match_anew(before: Values | None, after: Values) -> bool:
    """Whether bank lines that it did not fit may fit it now."""
    return before is None or any(before[name] != after[name] for name in _TOLD_BY_THE_BANK)


def is_to_add_up(before: Values | None, after: Values) -> bool:
    """Whether its balance transactions can be listed whole now, and could not before."""
    whole: bool = after["traceable"] and after["listed_whole"]
    return whole and (before is None or not (before["traceable"] and before["listed_whole"]))
