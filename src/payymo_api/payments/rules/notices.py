"""What we keep of one of Stripe's events: not the object, which is asked for anew, but its name."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

Subject = tuple[str, str]
"""The kind of an object, as Stripe calls it, and its id."""

DEAUTHORIZED: Final = "account.application.deauthorized"
ACCOUNT: Final = "account"
"""The kind of the account itself."""

_REFERENCES: Final[Mapping[str, tuple[str, ...]]] = {
    "charge": ("payment_intent",),
    "invoice_payment": ("invoice",),
    "refund": ("payment_intent", "refund"),
    "dispute": ("payment_intent", "dispute"),
}
"""Kind of an event's object -> the kinds of those that it tells of; all others: of itself."""
FOLLOWED: Final = (
    "account.application.deauthorized charge.captured charge.dispute.closed"
    " charge.dispute.created charge.dispute.funds_reinstated charge.dispute.funds_withdrawn"
    " charge.dispute.updated charge.expired charge.failed charge.pending charge.refund.updated"
    " charge.refunded charge.succeeded charge.updated customer.created customer.deleted"
    " customer.subscription.created customer.subscription.deleted customer.subscription.paused"
    " customer.subscription.pending_update_applied customer.subscription.pending_update_expired"
    " customer.subscription.resumed customer.subscription.updated customer.updated invoice.created"
    " invoice.deleted invoice.finalization_failed invoice.finalized invoice.marked_uncollectible"
    " invoice.overdue invoice.overpaid invoice.paid invoice.payment_action_required"
    " invoice.payment_failed invoice.payment_succeeded invoice.sent invoice.updated invoice.voided"
    " invoice_payment.paid payment_intent.amount_capturable_updated payment_intent.canceled"
    " payment_intent.created payment_intent.partially_funded payment_intent.payment_failed"
    " payment_intent.processing payment_intent.requires_action payment_intent.succeeded"
    " payout.canceled payout.created payout.failed payout.paid payout.reconciliation_completed"
    " payout.updated refund.created refund.failed refund.updated"
).split()
"""The event types that an endpoint of ours asks for: those that tell of what is mirrored."""
_LONGEST = 255  # characters of an id or a type, at Stripe


@dataclass(frozen=True, slots=True)
class Notice:
    """`account`: whose event it is, where it comes through Connect."""

    id: str
    type: str
    livemode: bool
    account: str | None
    subjects: tuple[Subject, ...]


def read_notice(event: Any) -> Notice | None:  # noqa: ANN401  JSON is anything
    """Return what the event tells of; None if it is no event of the API's first version."""
    match event:
        case {"object": "event", "id": str(id), "type": str(type), "livemode": bool(livemode)}:
            if not (_is_name(id) and _is_name(type)):
                return None
            account = _name(event.get("account"))
            subjects = _access(account) if type == DEAUTHORIZED else _subjects(event)
            return Notice(id, type, livemode, account, subjects)
        case _:
            return None


def _access(account: str | None) -> tuple[Subject, ...]:
    """Whether we may still act for the account is what is to be asked."""
    return ((ACCOUNT, account),) if account else ()


def _subjects(event: Mapping[str, Any]) -> tuple[Subject, ...]:
    match event.get("data"):
        case {"object": {"object": str(kind)} as told}:
            named = [
                (each, _reference(told, kind, each)) for each in _REFERENCES.get(kind, (kind,))
            ]
            return tuple((each, id) for each, id in named if id)
        case _:
            return ()


def _reference(told: Mapping[str, Any], kind: str, other: str) -> str | None:
    """The id in a field, which may have been expanded; the object's own is in `id`."""
    found = told.get("id" if other == kind else other)
    return _name(found.get("id") if isinstance(found, dict) else found)


def _name(value: object) -> str | None:
    return value if isinstance(value, str) and _is_name(value) else None


def _is_name(text: str) -> bool:
    return 0 < len(text) <= _LONGEST and text.isprintable() and " " not in text


def subject_text(subjects: Iterable[Subject]) -> str:
    """Return the subjects as the inbox keeps them; equal for messages that ask for the same."""
    return " ".join(f"{kind}/{id}" for kind, id in subjects)


def subjects_of(text: str) -> list[Subject]:
    """Return what `subject_text` was made of."""
    parts = [each.partition("/") for each in text.split()]
    return [(kind, id) for kind, _, id in parts]
