"""Stripe's objects as they come: what may be stored of them, and how their parts are read."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

Raw = Mapping[str, Any]
Values = dict[str, Any]
"""Column -> value."""

_SECRET = {"client_secret", "confirmation_secret", "next_action"}
"""`next_action` too: its addresses carry the client secret."""


def storable(part: Any) -> Any:  # noqa: ANN401  JSON is anything
    """Return the object without the NULs that PostgreSQL can't hold."""
    if isinstance(part, Mapping):
        return {name: storable(inner) for name, inner in part.items()}
    if isinstance(part, list):
        return [storable(inner) for inner in part]
    return part.replace("\x00", "") if isinstance(part, str) else part


def without_secrets(part: Any) -> Any:  # noqa: ANN401  JSON is anything
    if isinstance(part, Mapping):
        return {name: without_secrets(inner) for name, inner in part.items() if name not in _SECRET}
    return [without_secrets(inner) for inner in part] if isinstance(part, list) else part


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def moment_or_none(seconds: int | None) -> datetime | None:
    return None if seconds is None else moment(seconds)


def id_of(reference: str | Raw | None) -> str | None:
    """Return the id, whether or not the object was expanded."""
    return reference["id"] if isinstance(reference, Mapping) else reference


def last_made(raw: Raw) -> datetime:
    """When the object, or one that was expanded inside it, was made: a payment's latest charge."""
    inside = [part for part in raw.values() if isinstance(part, Mapping)]
    return moment(max([raw["created"], *(each.get("created", 0) for each in inside)]))
