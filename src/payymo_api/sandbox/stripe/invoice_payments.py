"""Invoice payments: which PaymentIntent pays which invoice."""

from payymo_api.sandbox.stripe.collection import intent_of
from payymo_api.sandbox.stripe.expansion import includable, listed
from payymo_api.sandbox.stripe.listing import PAGING, page
from payymo_api.sandbox.stripe.merchant import Merchant
from payymo_api.sandbox.stripe.refusals import Wire
from payymo_api.sandbox.stripe.request import Call


def invoice_payments(call: Call) -> Wire:
    asked = call.params.only(f"{PAGING} invoice status payment")
    rows = call.merchant.newest_first("invoice_payment")
    for name in ("invoice", "status"):
        if wanted := asked.text(name):
            rows = [row for row in rows if row[name] == wanted]
    if intent := asked.section("payment").text("payment_intent"):
        rows = [row for row in rows if row["payment"]["payment_intent"] == intent]
    return page(call, rows)


def invoice_payment(call: Call) -> Wire:
    call.params.only("")
    return call.merchant.get("invoice_payment", call.id)


@includable("invoice", "payments")
def _payments(merchant: Merchant, invoice: Wire) -> Wire:
    rows = [
        payment
        for payment in merchant.newest_first("invoice_payment")
        if payment["invoice"] == invoice["id"]
    ]
    return listed(rows, f"/v1/invoices/{invoice['id']}/payments")


@includable("invoice", "confirmation_secret")
def _confirmation_secret(merchant: Merchant, invoice: Wire) -> Wire | None:
    intent = intent_of(merchant, invoice)
    secret = intent["client_secret"] if intent else None
    return {"client_secret": secret, "type": "payment_intent"} if secret else None
