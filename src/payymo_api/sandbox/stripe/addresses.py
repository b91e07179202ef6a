"""Postal addresses."""

from typing import Any

from payymo_api.sandbox.stripe.form import Parameters

_PARTS = ("city", "country", "line1", "line2", "postal_code", "state")


def address(asked: Parameters) -> dict[str, Any] | None:
    return {name: asked.text(name) for name in _PARTS} if asked else None
