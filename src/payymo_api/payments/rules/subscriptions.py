"""Subscriptions: what they say, and how a wished set of items becomes the changes Stripe takes."""

from collections.abc import Sequence
from typing import Any

from payymo_api.payments.rules.amounts import from_stripe
from payymo_api.payments.rules.raw import Raw, Values, id_of, moment, moment_or_none

ENDED = {"canceled", "incomplete_expired"}
"""A subscription never leaves these."""


def read(raw: Raw) -> Values:
    """Return the columns; Stripe keeps the current period on the items."""
    items = raw["items"]["data"]
    paused = raw["pause_collection"] or {}
    return {
        "status": raw["status"],
        "customer": id_of(raw["customer"]),
        "currency": raw["currency"].upper(),
        "collection_method": raw["collection_method"],
        "days_until_due": raw["days_until_due"],
        "description": raw["description"],
        "default_payment_method": id_of(raw["default_payment_method"]),
        "current_period_start": moment(max(each["current_period_start"] for each in items)),
        "current_period_end": moment(min(each["current_period_end"] for each in items)),
        "trial_end": moment_or_none(raw["trial_end"]),
        "pause_behavior": paused.get("behavior"),
        "resumes_at": moment_or_none(paused.get("resumes_at")),
        "cancel_at_period_end": raw["cancel_at_period_end"],
        "cancel_at": moment_or_none(raw["cancel_at"]),
        "canceled_at": moment_or_none(raw["canceled_at"]),
        "ended_at": moment_or_none(raw["ended_at"]),
        "latest_invoice": id_of(raw["latest_invoice"]),
        "items": [_item(each) for each in items],
        "metadata_": dict(raw["metadata"]),
    }


def _item(raw: Raw) -> dict[str, Any]:
    price = raw["price"]
    currency = price["currency"].upper()
    unit = price["unit_amount"]
    return {
        "stripe_id": raw["id"],
        "price": price["id"],
        "product": id_of(price["product"]),
        "quantity": raw.get("quantity"),
        "unit_amount_minor": None if unit is None else from_stripe(unit, currency),
        "currency": currency,
        "interval": price["recurring"]["interval"],
        "interval_count": price["recurring"]["interval_count"],
    }


def is_overtaken(before: Values, after: Values) -> bool:
    """Whether `after` was seen before `before` was, although it was asked for later."""
    return before["status"] in ENDED and after["status"] != before["status"]


def item_changes(
    items: Sequence[Raw], wished: Sequence[tuple[str, int | None]]
) -> list[dict[str, Any]]:
    """Return what makes a subscription's items the wished (price, quantity), and no others.

    An item of a wished price is kept; of the others, one changes over to each new price, so that
    Stripe prorates between them; what is then left is taken off, or added.
    """
    left, new, changes = list(items), [], []
    for price, quantity in wished:
        same = next((each for each in left if each["price"]["id"] == price), None)
        if same is None:
            new.append((price, quantity))
            continue
        left.remove(same)
        changes.append({"id": same["id"], **_sold(price, quantity)})
    for price, quantity in new:
        place = {"id": left.pop(0)["id"]} if left else {}
        changes.append({**place, **_sold(price, quantity)})
    return [*changes, *({"id": each["id"], "deleted": True} for each in left)]


def _sold(price: str, quantity: int | None) -> dict[str, Any]:
    return {"price": price} if quantity is None else {"price": price, "quantity": quantity}
