"""Products and their prices."""

from typing import Any

from payymo_api.sandbox.stripe.form import Parameters
from payymo_api.sandbox.stripe.listing import PAGING, listing, page
from payymo_api.sandbox.stripe.merchant import Merchant
from payymo_api.sandbox.stripe.refusals import Refusal, Wire, missing
from payymo_api.sandbox.stripe.request import Call

_TEXTS = "description statement_descriptor tax_code unit_label url"
_PRODUCT = f"{_TEXTS} name active metadata default_price images"
_PRICE_TEXTS = "lookup_key nickname"
_INTERVALS = {"day", "week", "month", "year"}


def create_product(call: Call) -> Wire:
    asked = call.params.only(f"{_PRODUCT} id default_price_data type")
    wire = new_product(call.merchant, asked)
    if "default_price_data" in asked:
        section = asked.section("default_price_data")
        wire["default_price"] = new_price(call.merchant, section, wire["id"])["id"]
    return wire


def new_product(merchant: Merchant, asked: Parameters) -> Wire:
    wire = merchant.keep(
        "product",
        "prod",
        active=asked.flag("active", default=True),
        default_price=None,
        description=None,
        images=asked.texts("images"),
        marketing_features=[],
        metadata={},
        name=asked.needed("name"),
        package_dimensions=None,
        shippable=None,
        statement_descriptor=None,
        tax_code=None,
        type=asked.text("type", "service"),
        unit_label=None,
        updated=merchant.now(),
        url=None,
    )
    _apply(wire, asked)
    merchant.emit("product.created", wire)
    return wire


def _apply(wire: Wire, asked: Parameters) -> None:
    wire |= asked.texts_of(f"{_TEXTS} name default_price")
    wire["metadata"] = asked.metadata(wire["metadata"])
    wire["active"] = asked.flag("active", default=wire["active"])


def update_product(call: Call) -> Wire:
    wire = call.merchant.get("product", call.id)
    _apply(wire, call.params.only(_PRODUCT))
    wire["updated"] = call.merchant.now()
    call.merchant.emit("product.updated", wire)
    return wire


def delete_product(call: Call) -> Wire:
    wire = call.merchant.get("product", call.id)
    if any(price["product"] == call.id for price in call.merchant.tables["price"].values()):
        raise Refusal("A product that has prices can't be deleted.")
    tombstone = call.merchant.forget(wire)
    call.merchant.emit("product.deleted", wire)
    return tombstone


def product(call: Call) -> Wire:
    call.params.only("")
    return call.merchant.get("product", call.id)


def products(call: Call) -> Wire:
    asked = call.params.only(f"{PAGING} active ids")
    rows = call.merchant.newest_first("product")
    if "active" in asked:
        rows = [row for row in rows if row["active"] is asked.flag("active")]
    if ids := asked.texts("ids"):
        rows = [row for row in rows if row["id"] in ids]
    return page(call, rows)


def create_price(call: Call) -> Wire:
    asked = call.params.only(
        f"{_PRICE_TEXTS} active currency metadata product product_data recurring tax_behavior "
        "unit_amount unit_amount_decimal billing_scheme"
    )
    if "product_data" in asked:
        product = new_product(call.merchant, asked.section("product_data"))
    else:
        product = call.merchant.get("product", asked.needed("product"), "product")
    return new_price(call.merchant, asked, product["id"])


def new_price(merchant: Merchant, asked: Parameters, product: str) -> Wire:
    """From the parameters of a POST or from a `price_data`."""
    amount = asked.integer("unit_amount")
    if amount is None:
        raise missing(asked.where("unit_amount"))
    recurring = asked.section("recurring")
    wire = merchant.keep(
        "price",
        "price",
        active=asked.flag("active", default=True),
        billing_scheme="per_unit",
        currency=asked.currency(),
        custom_unit_amount=None,
        **(dict.fromkeys(_PRICE_TEXTS.split()) | asked.texts_of(_PRICE_TEXTS)),
        metadata=asked.metadata(),
        product=product,
        recurring=_recurring(recurring) if recurring else None,
        tax_behavior=asked.text("tax_behavior", "unspecified"),
        tiers_mode=None,
        transform_quantity=None,
        type="recurring" if recurring else "one_time",
        unit_amount=amount,
        unit_amount_decimal=str(amount),
    )
    merchant.emit("price.created", wire)
    return wire


def _recurring(asked: Parameters) -> dict[str, Any]:
    return {
        "interval": asked.one_of("interval", _INTERVALS, "month"),
        "interval_count": asked.integer("interval_count", 1),
        "meter": None,
        "trial_period_days": None,
        "usage_type": asked.text("usage_type", "licensed"),
    }


def chosen_price(merchant: Merchant, asked: Parameters) -> Wire:
    """The price that `price` names, or a new one from `price_data`."""
    if "price_data" in asked:
        section = asked.section("price_data")
        product = merchant.get("product", section.needed("product"), section.where("product"))
        return new_price(merchant, section, product["id"])
    return merchant.get("price", asked.needed("price"), asked.where("price"))


def update_price(call: Call) -> Wire:
    asked = call.params.only(f"{_PRICE_TEXTS} active metadata tax_behavior transfer_lookup_key")
    wire = call.merchant.get("price", call.id)
    wire |= asked.texts_of(_PRICE_TEXTS)
    wire["metadata"] = asked.metadata(wire["metadata"])
    wire["active"] = asked.flag("active", default=wire["active"])
    call.merchant.emit("price.updated", wire)
    return wire


def price(call: Call) -> Wire:
    call.params.only("")
    return call.merchant.get("price", call.id)


def prices(call: Call) -> Wire:
    asked = call.params.only(f"{PAGING} active currency product type lookup_keys")
    if "active" not in asked and "lookup_keys" not in asked:
        return listing(call, "price", "currency product type")
    rows = call.merchant.newest_first("price")
    if "active" in asked:
        rows = [row for row in rows if row["active"] is asked.flag("active")]
    if keys := asked.texts("lookup_keys"):
        rows = [row for row in rows if row["lookup_key"] in keys]
    return page(call, rows)
