"""A subscription's life in time: its invoices, renewals, failures and end."""

from payymo_api.sandbox.stripe import collection, invoices
from payymo_api.sandbox.stripe.invoice_draft import new_invoice
from payymo_api.sandbox.stripe.invoice_lines import add_line, pending, take_up
from payymo_api.sandbox.stripe.ledger import DAY
from payymo_api.sandbox.stripe.merchant import Merchant
from payymo_api.sandbox.stripe.periods import period_end
from payymo_api.sandbox.stripe.proration import Change, prorate
from payymo_api.sandbox.stripe.refusals import Refusal, Wire

_INCOMPLETE_SECONDS = 23 * collection.HOUR
_PAUSED = {"void": "void", "mark_uncollectible": "uncollectible"}


def invoice(merchant: Merchant, subscription: Wire, reason: str, *, sell: bool = True) -> Wire:
    """A draft with the items of the period (`sell`), and what was pending."""
    customer = merchant.objects[subscription["customer"]]
    first = subscription["items"]["data"][0]
    paused = subscription["pause_collection"]
    wire = new_invoice(
        merchant,
        customer,
        subscription["currency"],
        auto_advance=not (paused and paused["behavior"] == "keep_as_draft"),
        billing_reason=reason,
        collection_method=subscription["collection_method"],
        due_date=_due_date(merchant, subscription),
        parent={
            "type": "subscription_details",
            "quote_details": None,
            "subscription_details": {
                "metadata": dict(subscription["metadata"]),
                "subscription": subscription["id"],
            },
        },
        period_start=first["current_period_start"],
        period_end=first["current_period_end"],
    )
    take_up(merchant, wire, pending(merchant, customer["id"]))
    for item in subscription["items"]["data"] if sell else ():
        _add(merchant, wire, subscription, item)
    subscription["latest_invoice"] = wire["id"]
    return wire


def _due_date(merchant: Merchant, subscription: Wire) -> int | None:
    if subscription["collection_method"] == "charge_automatically":
        return None
    return merchant.now() + int(subscription["days_until_due"] or 0) * DAY


def _add(merchant: Merchant, wire: Wire, subscription: Wire, item: Wire) -> None:
    price, free = item["price"], subscription["status"] == "trialing"
    product = merchant.objects[price["product"]].get("name", "Deleted product")
    add_line(
        merchant,
        wire,
        amount=0 if free else price["unit_amount"] * item["quantity"],
        description=f"{item['quantity']} × {product}",  # noqa: RUF001  as Stripe writes it
        metadata={},
        period={"start": item["current_period_start"], "end": item["current_period_end"]},
        pricing={
            "type": "price_details",
            "price_details": {"price": price["id"], "product": price["product"]},
            "unit_amount_decimal": price["unit_amount_decimal"],
        },
        quantity=item["quantity"],
        parent={
            "type": "subscription_item_details",
            "invoice_item_details": None,
            "subscription_item_details": {
                "invoice_item": None,
                "proration": False,
                "proration_details": None,
                "subscription": subscription["id"],
                "subscription_item": item["id"],
            },
        },
    )


def bill_now(merchant: Merchant, subscription: Wire, reason: str, *, sell: bool) -> Wire:
    """Make the invoice and collect at once, unless it is sent: then an hour later."""
    wire = invoice(merchant, subscription, reason, sell=sell)
    if subscription["collection_method"] == "send_invoice":
        collection.announce_draft(merchant, wire)
        return wire
    merchant.emit("invoice.created", wire)
    collection.finalize(merchant, wire)
    return wire


def bill_changes(merchant: Merchant, subscription: Wire, *, sell: bool) -> None:
    wire = bill_now(merchant, subscription, "subscription_update", sell=sell)
    collection.advance(merchant, wire)


def set_period(merchant: Merchant, subscription: Wire, start: int, end: int) -> None:
    """All items share it; at its end the subscription renews."""
    for item in subscription["items"]["data"]:
        item |= {"current_period_start": start, "current_period_end": end}
    merchant.private["period_end"][subscription["id"]] = end
    merchant.later(end, lambda: _renew(merchant, subscription, end))


def next_period(subscription: Wire, start: int) -> tuple[int, int]:
    recurring = subscription["items"]["data"][0]["price"]["recurring"]
    return start, period_end(subscription["billing_cycle_anchor"], start, recurring)


def _renew(merchant: Merchant, subscription: Wire, end: int) -> None:
    """Nothing, if the subscription has ended or its period was moved since."""
    moved = merchant.private["period_end"].get(subscription["id"]) != end
    if moved or subscription["status"] not in {"active", "past_due", "trialing"}:
        return
    if subscription["cancel_at_period_end"]:
        finish(merchant, subscription, "cancellation_requested")
        return
    if subscription["status"] == "trialing":
        subscription |= {"status": "active", "billing_cycle_anchor": end}
    set_period(merchant, subscription, *next_period(subscription, end))
    wire = invoice(merchant, subscription, "subscription_cycle")
    collection.announce_draft(merchant, wire)
    _hold_back(merchant, subscription, wire)
    merchant.emit("customer.subscription.updated", subscription)


def _hold_back(merchant: Merchant, subscription: Wire, wire: Wire) -> None:
    """What becomes of an invoice while collection is paused."""
    paused = subscription["pause_collection"]
    if paused and paused["behavior"] in _PAUSED:
        collection.finalize(merchant, wire)
        if wire["status"] == "open":
            invoices.end(merchant, wire, _PAUSED[paused["behavior"]])


def first_payment(merchant: Merchant, subscription: Wire, wire: Wire, behavior: str) -> None:
    """Collect the first invoice as `payment_behavior` says."""
    sent = subscription["collection_method"] == "send_invoice"
    if sent or wire["status"] != "open":
        return
    subscription["status"] = "incomplete"
    merchant.later(
        merchant.now() + _INCOMPLETE_SECONDS, lambda: _give_up(merchant, subscription, wire)
    )
    if behavior == "default_incomplete":
        return
    try:
        collection.collect(merchant, wire, None)
    except Refusal:
        if behavior == "error_if_incomplete":
            merchant.forget(subscription)
            invoices.end(merchant, wire, "void")
            raise


def _give_up(merchant: Merchant, subscription: Wire, wire: Wire) -> None:
    if subscription["status"] == "incomplete":
        subscription |= {"status": "incomplete_expired", "ended_at": merchant.now()}
        invoices.end(merchant, wire, "void")
        merchant.emit("customer.subscription.updated", subscription)


def finish(merchant: Merchant, subscription: Wire, reason: str) -> None:
    """End it now; its drafts no longer advance."""
    now = merchant.now()
    subscription |= {
        "status": "canceled",
        "canceled_at": subscription["canceled_at"] or now,
        "ended_at": now,
    }
    subscription["cancellation_details"]["reason"] = reason
    for wire in merchant.tables["invoice"].values():
        if invoices.subscription_of(wire) == subscription["id"] and wire["status"] == "draft":
            wire["auto_advance"] = False
    merchant.emit("customer.subscription.deleted", subscription)


def credit_the_rest(merchant: Merchant, subscription: Wire) -> None:
    prorate(
        merchant,
        subscription,
        [
            Change(item, (item["price"], item["quantity"]), None)
            for item in subscription["items"]["data"]
        ],
    )


def paid(merchant: Merchant, wire: Wire) -> None:
    """An invoice was paid: was it what its subscription waited for?"""
    subscription = merchant.tables["subscription"].get(invoices.subscription_of(wire) or "")
    if subscription and subscription["status"] in {"incomplete", "past_due"}:
        subscription["status"] = "active"
        if merchant.knows_of(subscription):
            merchant.emit("customer.subscription.updated", subscription)


def unpaid(merchant: Merchant, wire: Wire) -> None:
    """An invoice's payment failed: past due, and after the last try the end."""
    subscription = merchant.tables["subscription"].get(invoices.subscription_of(wire) or "")
    if subscription is None or wire["billing_reason"] == "subscription_create":
        return
    if wire["attempt_count"] > len(collection.RETRY_DAYS) and subscription["status"] == "past_due":
        finish(merchant, subscription, "payment_failed")
    elif subscription["status"] == "active":
        subscription["status"] = "past_due"
        merchant.emit("customer.subscription.updated", subscription)


def customer_deleted(merchant: Merchant, customer: Wire) -> None:
    for subscription in list(merchant.tables["subscription"].values()):
        mine = subscription["customer"] == customer["id"]
        if mine and subscription["status"] not in {"canceled", "incomplete_expired"}:
            finish(merchant, subscription, "cancellation_requested")
