"""What we keep of one of Stripe's events: not the object, which is asked for anew, but its name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

Subject = tuple[str, str]
"""The kind of an object, as Stripe calls it, and its id."""

DEAUTHORIZED: Final = "account.application.deauthorized"
_REFERENCES: Final[Mapping[str, tuple[str, ...]]] = {
    "charge": ("payment_intent",),
    "invoice_payment": ("invoice",),
    "refund": ("payment_intent", "refund"),
    "dispute": ("payment_intent", "dispute"),
}
"""Kind of an event's object -> the kinds of those that it tells of; all others: of itself."""
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
            if len(id) > _LONGEST or len(type) > _LONGEST:
                return None
            return Notice(id, type, livemode, _text(event.get("account")), _subjects(event))
        case _:
            return None


def _subjects(event: Mapping[str, Any]) -> tuple[Subject, ...]:
    match event.get("data"):
        case {"object": {"object": str(kind)} as told}:
            named = [(name, _reference(told, kind, name)) for name in _kinds_told_of(kind)]
            return tuple((name, id) for name, id in named if id)
        case _:
            return ()


def _kinds_told_of(kind: str) -> tuple[str, ...]:
    return _REFERENCES.get(kind, (kind,))


def _reference(told: Mapping[str, Any], kind: str, name: str) -> str | None:
    """The id in a field, which may have been expanded; the object's own is in `id`."""
    found = told.get("id" if name == kind else name)
    return _text(found.get("id") if isinstance(found, dict) else found)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= _LONGEST else None
