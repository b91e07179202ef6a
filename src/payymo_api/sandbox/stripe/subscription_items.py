"""What a subscription sells: its items."""

from payymo_api.sandbox.stripe import billing
from payymo_api.sandbox.stripe.form import Parameters
from payymo_api.sandbox.stripe.listing import listing
from payymo_api.sandbox.stripe.merchant import Merchant
from payymo_api.sandbox.stripe.products import chosen_price
from payymo_api.sandbox.stripe.proration import PRORATIONS, Change, prorate
from payymo_api.sandbox.stripe.refusals import Refusal, Wire, missing, parameter
from payymo_api.sandbox.stripe.request import Call

_KNOWN = "id price price_data quantity deleted metadata"
_PLAN = (
    "active",
    "billing_scheme",
    "created",
    "currency",
    "id",
    "livemode",
    "metadata",
    "nickname",
)


def new_subscription_item(
    merchant: Merchant, subscription: Wire, asked: Parameters, period: tuple[int, int]
) -> Wire:
    price = chosen_price(merchant, asked)
    _check_fits(subscription, price, asked)
    start, end = period
    wire = merchant.keep(
        "subscription_item",
        "si",
        billing_thresholds=None,
        current_period_end=end,
        current_period_start=start,
        discounts=[],
        metadata=asked.metadata(),
        plan=_plan(price),
        price=price,
        quantity=asked.integer("quantity", 1),
        subscription=subscription["id"],
        tax_rates=[],
    )
    del wire["livemode"]
    subscription["items"]["data"].append(wire)
    return wire


def _check_fits(subscription: Wire, price: Wire, asked: Parameters) -> None:
    where = asked.where("price")
    if price["recurring"] is None:
        raise parameter(where, "A subscription needs a recurring price.")
    if not price["active"]:
        raise Refusal("The price is inactive.", param=where)
    if price["currency"] != (subscription["currency"] or price["currency"]):
        raise Refusal("All prices of a subscription have one currency.", param=where)
    subscription["currency"] = price["currency"]


def _plan(price: Wire) -> Wire:
    """The older form of a recurring price."""
    recurring = price["recurring"]
    return {name: price[name] for name in _PLAN} | {
        "object": "plan",
        "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"],
        "interval": recurring["interval"],
        "interval_count": recurring["interval_count"],
        "meter": None,
        "product": price["product"],
        "tiers_mode": None,
        "transform_usage": None,
        "trial_period_days": None,
        "usage_type": recurring["usage_type"],
    }


def changed(merchant: Merchant, subscription: Wire, rows: list[Parameters]) -> list[Change]:
    """Apply the `items` of an update: those with an id are changed, the others added."""
    changes = []
    for row in rows:
        row.only(_KNOWN)
        if "id" in row:
            changes.append(_change(merchant, subscription, row))
        else:
            first = subscription["items"]["data"][0]
            period = (first["current_period_start"], first["current_period_end"])
            item = new_subscription_item(merchant, subscription, row, period)
            changes.append(Change(item, None, (item["price"], item["quantity"])))
    return changes


def _change(merchant: Merchant, subscription: Wire, row: Parameters) -> Change:
    item = merchant.get("subscription_item", row.needed("id"), row.where("id"))
    if item not in subscription["items"]["data"]:
        raise Refusal("The item is another subscription's.", param=row.where("id"))
    before = (item["price"], item["quantity"])
    if row.flag("deleted"):
        remove(merchant, subscription, item)
        return Change(item, before, None)
    if "price" in row or "price_data" in row:
        price = chosen_price(merchant, row)
        _check_fits(subscription, price, row)
        item |= {"price": price, "plan": _plan(price)}
    item["quantity"] = row.integer("quantity", item["quantity"])
    item["metadata"] = row.metadata(item["metadata"])
    return Change(item, before, (item["price"], item["quantity"]))


def remove(merchant: Merchant, subscription: Wire, item: Wire) -> None:
    if len(subscription["items"]["data"]) == 1:
        raise missing("items")
    subscription["items"]["data"].remove(item)
    merchant.forget(item)


def items(call: Call) -> Wire:
    call.merchant.get("subscription", call.params.needed("subscription"), "subscription")
    return listing(call, "subscription_item", "subscription")


def item(call: Call) -> Wire:
    call.params.only("")
    return call.merchant.get("subscription_item", call.id)


def create_item(call: Call) -> Wire:
    asked = call.params.only("subscription price price_data quantity metadata proration_behavior")
    merchant = call.merchant
    wire = merchant.get("subscription", asked.needed("subscription"), "subscription")
    row = {name: asked.plain(name) for name in asked.names()}
    for name in ("subscription", "proration_behavior", "expand"):
        row.pop(name, None)
    return _changed(call, wire, row)


def update_item(call: Call) -> Wire:
    asked = call.params.only("price price_data quantity metadata proration_behavior")
    found = call.merchant.get("subscription_item", call.id)
    wire = call.merchant.get("subscription", found["subscription"])
    row = {name: asked.plain(name) for name in asked.names()} | {"id": call.id}
    for name in ("proration_behavior", "expand"):
        row.pop(name, None)
    return _changed(call, wire, row)


def _changed(call: Call, wire: Wire, row: Wire) -> Wire:
    """As an update of the subscription with this one item."""
    merchant = call.merchant
    proration = call.params.one_of("proration_behavior", PRORATIONS, "create_prorations")
    changes = changed(merchant, wire, [Parameters(row)])
    if proration != "none":
        prorate(merchant, wire, changes)
    if proration == "always_invoice":
        billing.bill_changes(merchant, wire, sell=False)
    merchant.emit("customer.subscription.updated", wire)
    return changes[0].item


def delete_item(call: Call) -> Wire:
    asked = call.params.only("proration_behavior clear_usage")
    if "clear_usage" in asked:
        raise parameter("clear_usage", "The sandbox has no metered prices.")
    found = call.merchant.get("subscription_item", call.id)
    wire = call.merchant.get("subscription", found["subscription"])
    remove(call.merchant, wire, found)
    call.merchant.emit("customer.subscription.updated", wire)
    return call.merchant.objects[call.id]
