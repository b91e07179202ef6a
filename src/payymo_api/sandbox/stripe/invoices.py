"""Invoices: create, update, finalise, send, pay, void."""

from payymo_api.sandbox.stripe import collection
from payymo_api.sandbox.stripe.form import Parameters
from payymo_api.sandbox.stripe.invoice_draft import new_invoice
from payymo_api.sandbox.stripe.invoice_lines import lines_of, not_draft, pending, take_up
from payymo_api.sandbox.stripe.ledger import DAY
from payymo_api.sandbox.stripe.listing import PAGING, page, within
from payymo_api.sandbox.stripe.merchant import Merchant
from payymo_api.sandbox.stripe.payment_methods import named
from payymo_api.sandbox.stripe.refusals import Wire, missing, wrong_state
from payymo_api.sandbox.stripe.request import Call

_TEXTS = "description footer statement_descriptor default_payment_method number on_behalf_of"
_CHANGEABLE = (
    f"{_TEXTS} auto_advance collection_method days_until_due due_date metadata custom_fields"
    " payment_settings application_fee_amount"
)
_METHODS = {"charge_automatically", "send_invoice"}


def create(call: Call) -> Wire:
    asked = call.params.only(f"{_CHANGEABLE} currency customer pending_invoice_items_behavior")
    merchant = call.merchant
    customer = merchant.get("customer", asked.needed("customer"), "customer")
    currency = asked.currency() if "currency" in asked else customer["currency"] or "gbp"
    wire = new_invoice(merchant, customer, currency)
    _apply(merchant, wire, asked)
    behavior = asked.one_of("pending_invoice_items_behavior", {"include", "exclude"}, "exclude")
    if behavior == "include":
        items = pending(merchant, customer["id"])
        take_up(merchant, wire, [item for item in items if item["currency"] == currency])
    collection.announce_draft(merchant, wire)
    return wire


def _apply(merchant: Merchant, wire: Wire, asked: Parameters) -> None:
    wire |= asked.texts_of(_TEXTS)
    merchant.find("payment_method", wire["default_payment_method"], "default_payment_method")
    wire["metadata"] = asked.metadata(wire["metadata"])
    wire["auto_advance"] = asked.flag("auto_advance", default=wire["auto_advance"])
    wire["collection_method"] = asked.one_of(
        "collection_method", _METHODS, wire["collection_method"]
    )
    if types := asked.section("payment_settings").texts("payment_method_types"):
        wire["payment_settings"]["payment_method_types"] = types
    days = asked.integer("days_until_due")
    due = merchant.now() + days * DAY if days is not None else wire["due_date"]
    wire["due_date"] = asked.integer("due_date", due)
    if wire["collection_method"] == "send_invoice" and wire["due_date"] is None:
        raise missing("days_until_due")


def update(call: Call) -> Wire:
    asked = call.params.only(_CHANGEABLE)
    wire = call.merchant.get("invoice", call.id)
    if wire["status"] != "draft" and {*asked.names()} - {"metadata", "auto_advance", "expand"}:
        raise not_draft(wire)
    _apply(call.merchant, wire, asked)
    call.merchant.emit("invoice.updated", wire)
    return wire


def retrieve(call: Call) -> Wire:
    call.params.only("")
    gone = call.merchant.objects.get(call.id, {})
    return gone if gone.get("deleted") else call.merchant.get("invoice", call.id)


def delete(call: Call) -> Wire:
    """A draft only; its items wait for the next invoice."""
    merchant, wire = call.merchant, call.merchant.get("invoice", call.id)
    if wire["status"] != "draft":
        raise not_draft(wire)
    for item in merchant.tables["invoiceitem"].values():
        if item["invoice"] == wire["id"]:
            item["invoice"] = None
    tombstone = merchant.forget(wire)
    wire["auto_advance"] = False
    merchant.emit("invoice.deleted", wire)
    return tombstone


def finalize(call: Call) -> Wire:
    asked = call.params.only("auto_advance")
    merchant, wire = call.merchant, call.merchant.get("invoice", call.id)
    wire["auto_advance"] = asked.flag("auto_advance", default=wire["auto_advance"])
    _finalize(merchant, wire)
    if wire["auto_advance"]:
        merchant.later(merchant.now() + collection.HOUR, lambda: collection.advance(merchant, wire))
    return wire


def _finalize(merchant: Merchant, wire: Wire) -> None:
    if wire["status"] != "draft":
        raise wrong_state(None, "This invoice is finalised already.")
    if not lines_of(merchant, wire["id"]) and wire["billing_reason"] == "manual":
        raise wrong_state("invoice_no_customer_line_items", "The invoice has no lines.")
    collection.finalize(merchant, wire)


def send(call: Call) -> Wire:
    """A draft is finalised first."""
    call.params.only("")
    merchant, wire = call.merchant, call.merchant.get("invoice", call.id)
    if wire["status"] == "draft":
        _finalize(merchant, wire)
    if wire["status"] not in {"open", "paid"}:
        raise wrong_state(None, f"An invoice that is {wire['status']} can't be sent.")
    merchant.emit("invoice.sent", wire)
    return wire


def pay(call: Call) -> Wire:
    asked = call.params.only("payment_method paid_out_of_band off_session forgive")
    merchant, wire = call.merchant, call.merchant.get("invoice", call.id)
    if wire["status"] == "draft":
        _finalize(merchant, wire)
    if wire["status"] not in {"open", "uncollectible"}:
        raise wrong_state("invoice_not_open", f"The invoice is {wire['status']}, not open.")
    if asked.flag("paid_out_of_band"):
        wire["amount_paid_off_stripe"] = wire["amount_due"]
        collection.release(merchant, wire)
        collection.mark_paid(merchant, wire)
        return wire
    method = asked.text("payment_method")
    collection.collect(merchant, wire, named(merchant, method) if method else None)
    return wire


def void(call: Call) -> Wire:
    call.params.only("")
    wire = call.merchant.get("invoice", call.id)
    if wire["status"] not in {"open", "uncollectible"}:
        raise wrong_state("invoice_not_open", f"The invoice is {wire['status']}, not open.")
    end(call.merchant, wire, "void")
    return wire


def mark_uncollectible(call: Call) -> Wire:
    call.params.only("")
    wire = call.merchant.get("invoice", call.id)
    if wire["status"] != "open":
        raise wrong_state("invoice_not_open", f"The invoice is {wire['status']}, not open.")
    end(call.merchant, wire, "uncollectible")
    return wire


def end(merchant: Merchant, wire: Wire, status: str) -> None:
    """Void it, which nothing undoes, or give it up, though it may yet be paid."""
    moment, event = {
        "void": ("voided_at", "invoice.voided"),
        "uncollectible": ("marked_uncollectible_at", "invoice.marked_uncollectible"),
    }[status]
    if status == "void":
        collection.release(merchant, wire)
        wire["amount_remaining"] = 0
    wire |= {"status": status, "auto_advance": False, "next_payment_attempt": None}
    wire["status_transitions"][moment] = merchant.now()
    merchant.emit(event, wire)
    merchant.emit("invoice.updated", wire)


def invoices(call: Call) -> Wire:
    asked = call.params.only(f"{PAGING} collection_method customer due_date status subscription")
    rows = within(call.merchant.newest_first("invoice"), asked, "due_date")
    for name in ("collection_method", "customer", "status"):
        if wanted := asked.text(name):
            rows = [row for row in rows if row[name] == wanted]
    if subscription := asked.text("subscription"):
        rows = [row for row in rows if subscription_of(row) == subscription]
    return page(call, rows)


def subscription_of(invoice: Wire) -> str | None:
    details = (invoice["parent"] or {}).get("subscription_details") or {}
    id: str | None = details.get("subscription")
    return id
