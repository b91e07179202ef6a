"""Customers."""

from payymo_api.sandbox.stripe.addresses import address
from payymo_api.sandbox.stripe.expansion import includable, listed
from payymo_api.sandbox.stripe.form import Parameters
from payymo_api.sandbox.stripe.listing import listing
from payymo_api.sandbox.stripe.merchant import Merchant
from payymo_api.sandbox.stripe.payment_methods import attach_to, named
from payymo_api.sandbox.stripe.refusals import Wire
from payymo_api.sandbox.stripe.request import Call

_TEXTS = "description email name phone"
_KNOWN = (
    f"{_TEXTS} metadata address shipping invoice_settings balance preferred_locales tax_exempt"
    " invoice_prefix next_invoice_sequence payment_method"
)


def create(call: Call) -> Wire:
    return new_customer(call.merchant, call.params.only(_KNOWN))


def new_customer(merchant: Merchant, asked: Parameters) -> Wire:
    wire = merchant.keep(
        "customer",
        "cus",
        address=None,
        balance=0,
        currency=None,
        default_source=None,
        delinquent=False,
        description=None,
        discount=None,
        email=None,
        invoice_prefix=merchant.letters(8).upper(),
        invoice_settings={
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        metadata={},
        name=None,
        next_invoice_sequence=1,
        phone=None,
        preferred_locales=[],
        shipping=None,
        tax_exempt="none",
        test_clock=None,
    )
    if method := asked.text("payment_method"):
        attach_to(merchant, named(merchant, method), wire["id"])
    _apply(merchant, wire, asked)
    merchant.emit("customer.created", wire)
    return wire


def update(call: Call) -> Wire:
    wire = call.merchant.get("customer", call.id)
    _apply(call.merchant, wire, call.params.only(_KNOWN))
    call.merchant.emit("customer.updated", wire)
    return wire


def _apply(merchant: Merchant, wire: Wire, asked: Parameters) -> None:
    wire |= asked.texts_of(_TEXTS)
    wire["metadata"] = asked.metadata(wire["metadata"])
    wire["balance"] = asked.integer("balance", wire["balance"])
    wire["invoice_prefix"] = asked.text("invoice_prefix", wire["invoice_prefix"])
    wire["tax_exempt"] = asked.one_of(
        "tax_exempt", {"none", "exempt", "reverse"}, wire["tax_exempt"]
    )
    if "preferred_locales" in asked:
        wire["preferred_locales"] = asked.texts("preferred_locales")
    if "address" in asked:
        wire["address"] = address(asked.section("address"))
    if "shipping" in asked:
        wire["shipping"] = shipping(asked.section("shipping"))
    settings = asked.section("invoice_settings")
    if "default_payment_method" in settings:
        id = settings.text("default_payment_method")
        merchant.find("payment_method", id, settings.where("default_payment_method"))
        wire["invoice_settings"]["default_payment_method"] = id


def shipping(asked: Parameters) -> Wire | None:
    if not asked:
        return None
    told: Wire = {name: asked.text(name) for name in ("carrier", "name", "phone")}
    return told | {
        "address": address(asked.section("address")),
        "tracking_number": asked.text("tracking_number"),
    }


def retrieve(call: Call) -> Wire:
    call.params.only("")
    gone = call.merchant.objects.get(call.id, {})
    return gone if gone.get("deleted") else call.merchant.get("customer", call.id)


def delete(call: Call) -> Wire:
    """Its subscriptions end with it: see `flows`."""
    wire = call.merchant.get("customer", call.id)
    tombstone = call.merchant.forget(wire)
    call.merchant.emit("customer.deleted", wire)
    return tombstone


def customers(call: Call) -> Wire:
    return listing(call, "customer", "email")


@includable("customer", "subscriptions")
def _subscriptions(merchant: Merchant, customer: Wire) -> Wire:
    rows = [
        wire
        for wire in merchant.newest_first("subscription")
        if wire["customer"] == customer["id"] and wire["status"] != "canceled"
    ]
    return listed(rows, f"/v1/customers/{customer['id']}/subscriptions")
