"""Invoice items and the lines that they become; the sums of an invoice."""

from typing import Any

from payymo_api.sandbox.stripe.expansion import listed
from payymo_api.sandbox.stripe.form import Parameters
from payymo_api.sandbox.stripe.listing import PAGING, listing, page
from payymo_api.sandbox.stripe.merchant import Merchant
from payymo_api.sandbox.stripe.products import chosen_price
from payymo_api.sandbox.stripe.refusals import Refusal, Wire, missing, wrong_state
from payymo_api.sandbox.stripe.request import Call

_SHOWN = 10
"""An invoice carries this many of its lines; the others are read from its list."""
_LINE = "amount description metadata quantity price_data pricing period discountable"
_ITEM = f"{_LINE} currency customer invoice subscription unit_amount_decimal"


def create(call: Call) -> Wire:
    """On a draft invoice, or pending until the customer's next one."""
    asked, merchant = call.params.only(_ITEM), call.merchant
    customer = merchant.get("customer", asked.needed("customer"), "customer")
    invoice = merchant.find("invoice", asked.text("invoice"), "invoice")
    if invoice and invoice["status"] != "draft":
        raise not_draft(invoice)
    currency = invoice["currency"] if invoice else customer["currency"] or "gbp"
    wire = new_item(merchant, customer["id"], **_priced(merchant, asked, currency))
    if invoice:
        take_up(merchant, invoice, [wire])
        merchant.emit("invoice.updated", invoice)
    return wire


def _priced(merchant: Merchant, asked: Parameters, currency: str) -> Wire:
    """Amount and quantity, from an amount, a unit amount or a price."""
    quantity = asked.integer("quantity", 1) or 0
    fields: Wire = {
        "description": asked.text("description"),
        "metadata": asked.metadata(),
        "quantity": quantity,
        "currency": asked.currency() if "currency" in asked else currency,
    }
    if "pricing" in asked or "price_data" in asked:
        section = asked.section("pricing") if "pricing" in asked else asked
        price = chosen_price(merchant, section)
        fields |= {"price": price, "currency": price["currency"]}
        fields["description"] = fields["description"] or _name(merchant, price)
        return fields | {"amount": price["unit_amount"] * quantity}
    if (unit := asked.integer("unit_amount_decimal")) is not None:
        return fields | {"amount": unit * quantity}
    if (amount := asked.integer("amount")) is None:
        raise missing(asked.where("amount"))
    return fields | {"amount": amount}


def _name(merchant: Merchant, price: Wire) -> str:
    return str(merchant.objects[price["product"]].get("name", "Deleted product"))


def new_item(merchant: Merchant, customer: str, **fields: Any) -> Wire:  # noqa: ANN401  any JSON
    """Keep an item; `price` is the price object, `period` its start and end."""
    price: Wire | None = fields.pop("price", None)
    now = merchant.now()
    known: Wire = {
        "customer": customer,
        "date": now,
        "description": None,
        "discountable": True,
        "discounts": [],
        "invoice": None,
        "metadata": {},
        "net_amount": fields["amount"],
        "parent": None,
        "period": {"start": now, "end": now},
        "pricing": _pricing(price) if price else None,
        "proration": False,
        "proration_details": None,
        "quantity": 1,
        "tax_rates": [],
        "test_clock": None,
    } | fields
    known["quantity_decimal"] = str(known["quantity"])
    wire = merchant.keep("invoiceitem", "ii", **known)
    del wire["created"]
    merchant.emit("invoiceitem.created", wire)
    return wire


def _pricing(price: Wire) -> Wire:
    return {
        "type": "price_details",
        "price_details": {"price": price["id"], "product": price["product"]},
        "unit_amount_decimal": price["unit_amount_decimal"],
    }


def take_up(merchant: Merchant, invoice: Wire, items: list[Wire]) -> None:
    """Put items on a draft."""
    for item in items:
        item["invoice"] = invoice["id"]
        add_line(
            merchant,
            invoice,
            amount=item["amount"],
            description=item["description"],
            metadata=item["metadata"],
            period=item["period"],
            pricing=item["pricing"],
            quantity=item["quantity"],
            parent=_parent(item),
        )


def _parent(item: Wire) -> Wire:
    subscription = (item["parent"] or {}).get("subscription_details", {}).get("subscription")
    return {
        "type": "invoice_item_details",
        "invoice_item_details": {
            "invoice_item": item["id"],
            "proration": item["proration"],
            "proration_details": None,
            "subscription": subscription,
        },
        "subscription_item_details": None,
    }


def pending(merchant: Merchant, customer: str) -> list[Wire]:
    """The customer's items that are on no invoice yet."""
    return [
        item
        for item in merchant.tables["invoiceitem"].values()
        if item["customer"] == customer and item["invoice"] is None
    ]


def add_line(merchant: Merchant, invoice: Wire, **fields: Any) -> Wire:  # noqa: ANN401  any JSON
    line = merchant.keep(
        "line_item",
        "il",
        currency=invoice["currency"],
        discount_amounts=[],
        discountable=True,
        discounts=[],
        invoice=invoice["id"],
        pretax_credit_amounts=[],
        quantity_decimal=str(fields["quantity"]),
        subscription=None,
        subtotal=fields["amount"],
        taxes=[],
        **fields,
    )
    del line["created"]
    lines_of(merchant, invoice["id"]).append(line)
    add_up(merchant, invoice)
    return line


def lines_of(merchant: Merchant, invoice: str) -> list[Wire]:
    lines: list[Wire] = merchant.private["lines"].setdefault(invoice, [])
    return lines


def add_up(merchant: Merchant, invoice: Wire) -> None:
    """Set the sums of a draft anew."""
    lines = lines_of(merchant, invoice["id"])
    total = sum(line["amount"] for line in lines)
    due = max(0, total + invoice["starting_balance"])
    url = f"/v1/invoices/{invoice['id']}/lines"
    invoice["lines"] = listed(lines[:_SHOWN], url) | {"has_more": len(lines) > _SHOWN}
    invoice |= dict.fromkeys(("subtotal", "subtotal_excluding_tax"), total)
    invoice |= dict.fromkeys(("total", "total_excluding_tax"), total)
    invoice |= {"amount_due": due, "amount_remaining": due}


def lines(call: Call) -> Wire:
    """All lines of an invoice, in their order."""
    call.params.only(PAGING)
    call.merchant.get("invoice", call.id)
    return page(call, lines_of(call.merchant, call.id))


def add_lines(call: Call) -> Wire:
    asked, merchant = call.params.only("lines invoice_metadata"), call.merchant
    invoice = merchant.get("invoice", call.id)
    if invoice["status"] != "draft":
        raise not_draft(invoice)
    for row in asked.rows("lines"):
        fields = _priced(merchant, row.only(_LINE), invoice["currency"])
        take_up(merchant, invoice, [new_item(merchant, invoice["customer"], **fields)])
    merchant.emit("invoice.updated", invoice)
    return invoice


def remove_lines(call: Call) -> Wire:
    asked, merchant = call.params.only("lines invoice_metadata"), call.merchant
    invoice = merchant.get("invoice", call.id)
    if invoice["status"] != "draft":
        raise not_draft(invoice)
    for row in asked.rows("lines"):
        row.one_of("behavior", {"delete", "unassign"}, "delete")
        _remove(merchant, invoice, merchant.get("line_item", row.needed("id"), row.where("id")))
    add_up(merchant, invoice)
    merchant.emit("invoice.updated", invoice)
    return invoice


def _remove(merchant: Merchant, invoice: Wire, line: Wire) -> None:
    if line["invoice"] != invoice["id"]:
        raise Refusal("The line is another invoice's.", param="lines")
    lines_of(merchant, invoice["id"]).remove(line)
    merchant.forget(line)


def not_draft(invoice: Wire) -> Refusal:
    return wrong_state(
        "invoice_not_editable", f"The invoice is {invoice['status']}: only a draft can be changed."
    )


def retrieve(call: Call) -> Wire:
    call.params.only("")
    return call.merchant.get("invoiceitem", call.id)


def delete(call: Call) -> Wire:
    wire = call.merchant.get("invoiceitem", call.id)
    if wire["invoice"]:
        raise wrong_state(None, "The item is on an invoice: remove its line there.")
    tombstone = call.merchant.forget(wire)
    call.merchant.emit("invoiceitem.deleted", wire)
    return tombstone


def invoice_items(call: Call) -> Wire:
    if call.params.flag("pending"):
        rows = [row for row in call.merchant.newest_first("invoiceitem") if not row["invoice"]]
        return page(call, rows)
    return listing(call, "invoiceitem", "customer invoice pending")
