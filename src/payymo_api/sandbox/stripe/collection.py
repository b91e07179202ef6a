"""An invoice's way from draft to paid: finalised, collected, tried again, voided."""

from payymo_api.sandbox.stripe import attempts, payment_intents
from payymo_api.sandbox.stripe.form import Parameters
from payymo_api.sandbox.stripe.invoice_lines import add_up
from payymo_api.sandbox.stripe.ledger import DAY
from payymo_api.sandbox.stripe.merchant import Merchant
from payymo_api.sandbox.stripe.payment_methods import card_of
from payymo_api.sandbox.stripe.refusals import Refusal, Wire, wrong_state

HOUR = 3600
RETRY_DAYS = (3, 5, 7)


def announce_draft(merchant: Merchant, invoice: Wire) -> None:
    """Tell of a new draft; one that advances by itself is finalised an hour later."""
    if invoice["auto_advance"]:
        invoice["automatically_finalizes_at"] = merchant.now() + HOUR
        merchant.later(merchant.now() + HOUR, lambda: advance(merchant, invoice))
    merchant.emit("invoice.created", invoice)


def advance(merchant: Merchant, invoice: Wire) -> None:
    """Finalise and collect, as time does; what is refused is told by events."""
    if not invoice["auto_advance"]:
        return
    if invoice["status"] == "draft":
        finalize(merchant, invoice)
    if invoice["status"] == "open" and invoice["collection_method"] == "send_invoice":
        merchant.emit("invoice.sent", invoice)
    elif invoice["status"] == "open":
        try_to_collect(merchant, invoice)


def try_to_collect(merchant: Merchant, invoice: Wire) -> bool:
    """Collect, and try again days later when it fails."""
    try:
        collect(merchant, invoice, None)
    except Refusal:
        _plan_retry(merchant, invoice)
    return bool(invoice["status"] == "paid")


def _plan_retry(merchant: Merchant, invoice: Wire) -> None:
    tries = invoice["attempt_count"]
    if not 0 < tries <= len(RETRY_DAYS):
        invoice["next_payment_attempt"] = None
        return
    at = merchant.now() + RETRY_DAYS[tries - 1] * DAY
    invoice["next_payment_attempt"] = at
    merchant.later(at, lambda: _retry(merchant, invoice))
    merchant.emit("invoice.updated", invoice)


def _retry(merchant: Merchant, invoice: Wire) -> None:
    if invoice["status"] == "open" and invoice["auto_advance"]:
        try_to_collect(merchant, invoice)


def finalize(merchant: Merchant, invoice: Wire) -> None:
    """Number it, apply the customer's balance, and make what it is paid with."""
    customer = merchant.objects[invoice["customer"]]
    left = min(0, invoice["total"] + customer["balance"]) if not customer.get("deleted") else 0
    invoice |= {"ending_balance": left, "starting_balance": customer.get("balance", 0)}
    add_up(merchant, invoice)
    if not customer.get("deleted"):
        invoice["number"] = invoice["number"] or _number(customer)
        _leave_credit(merchant, customer, left)
    page_url = f"{merchant.base_url}stripe/invoices/{invoice['id']}"
    invoice |= {"status": "open", "effective_at": merchant.now(), "hosted_invoice_url": page_url}
    invoice |= {"invoice_pdf": f"{page_url}/pdf", "automatically_finalizes_at": None}
    invoice["status_transitions"]["finalized_at"] = merchant.now()
    if invoice["amount_due"]:
        _make_payable(merchant, invoice)
    merchant.emit("invoice.finalized", invoice)
    merchant.emit("invoice.updated", invoice)
    if not invoice["amount_due"]:
        mark_paid(merchant, invoice)


def _leave_credit(merchant: Merchant, customer: Wire, balance: int) -> None:
    if customer["balance"] != balance:
        customer["balance"] = balance
        merchant.emit("customer.updated", customer)


def _number(customer: Wire) -> str:
    sequence = customer["next_invoice_sequence"]
    customer["next_invoice_sequence"] += 1
    return f"{customer['invoice_prefix']}-{sequence:04d}"


def _make_payable(merchant: Merchant, invoice: Wire) -> None:
    """A PaymentIntent, and the invoice payment that ties it to the invoice."""
    types = invoice["payment_settings"]["payment_method_types"] or ["card", "sepa_debit"]
    asked: Wire = {
        "currency": invoice["currency"],
        "customer": invoice["customer"],
        "capture_method": "automatic",
        "description": invoice["description"] or f"Payment for invoice {invoice['number']}",
        "payment_method_types": {str(place): type for place, type in enumerate(types)},
    }
    intent = payment_intents.new_intent(merchant, Parameters(asked), invoice["amount_due"])
    payment = merchant.keep(
        "invoice_payment",
        "inpay",
        amount_paid=None,
        amount_requested=invoice["amount_due"],
        currency=invoice["currency"],
        invoice=invoice["id"],
        is_default=True,
        payment={"type": "payment_intent", "payment_intent": intent["id"]},
        status="open",
        status_transitions={"canceled_at": None, "paid_at": None},
    )
    merchant.private["payment_of"][intent["id"]] = payment
    if invoice["due_date"]:
        merchant.later(invoice["due_date"], lambda: _overdue(merchant, invoice))


def _overdue(merchant: Merchant, invoice: Wire) -> None:
    if invoice["status"] == "open":
        merchant.emit("invoice.overdue", invoice)


def intent_of(merchant: Merchant, invoice: Wire) -> Wire | None:
    """The PaymentIntent that an open invoice waits for."""
    for payment in merchant.tables["invoice_payment"].values():
        if payment["invoice"] == invoice["id"] and payment["status"] == "open":
            return merchant.objects[payment["payment"]["payment_intent"]]
    return None


def collect(merchant: Merchant, invoice: Wire, method: Wire | None) -> None:
    """Charge the given method or the customer's own; Refusal when it is declined."""
    intent = intent_of(merchant, invoice)
    if intent is None:
        raise wrong_state("invoice_payment_intent_missing", "There is nothing to collect.")
    if intent["status"] == "processing":
        raise wrong_state(None, "The invoice's payment is being processed already.")
    method = method or default_method(merchant, invoice)
    if method is None:
        raise wrong_state("missing", "The customer has no default payment method to charge.")
    card = card_of(merchant, method["id"])
    attempts.attempt(merchant, intent, method, off=bool(card and card.secure != "always"))
    if intent["status"] == "requires_action":
        raise Refusal(
            "The invoice's payment waits for the customer's authentication.",
            status=402,
            type="card_error",
            code="invoice_payment_intent_requires_action",
            payment_intent=dict(intent),
        )


def default_method(merchant: Merchant, invoice: Wire) -> Wire | None:
    """The invoice's, its subscription's or its customer's."""
    details = (invoice["parent"] or {}).get("subscription_details") or {}
    subscription = merchant.objects.get(details.get("subscription", ""), {})
    customer = merchant.objects[invoice["customer"]]
    for id in (
        invoice["default_payment_method"],
        subscription.get("default_payment_method"),
        customer.get("invoice_settings", {}).get("default_payment_method"),
    ):
        if id:
            return merchant.get("payment_method", id, "payment_method")
    return None


def mark_paid(merchant: Merchant, invoice: Wire) -> None:
    invoice |= {
        "status": "paid",
        "amount_paid": invoice["amount_due"],
        "amount_remaining": 0,
        "attempted": True,
        "auto_advance": False,
        "next_payment_attempt": None,
    }
    invoice["status_transitions"]["paid_at"] = merchant.now()
    merchant.emit("invoice.updated", invoice)
    merchant.emit("invoice.paid", invoice)
    merchant.emit("invoice.payment_succeeded", invoice)


def collected(merchant: Merchant, intent: Wire) -> None:
    """A PaymentIntent succeeded: was it an invoice's?"""
    if payment := merchant.private["payment_of"].get(intent["id"]):
        payment |= {"status": "paid", "amount_paid": intent["amount_received"]}
        payment["status_transitions"]["paid_at"] = merchant.now()
        invoice = merchant.objects[payment["invoice"]]
        invoice["attempt_count"] += 1
        merchant.emit("invoice_payment.paid", payment)
        mark_paid(merchant, invoice)


def refused(merchant: Merchant, intent: Wire) -> None:
    if payment := merchant.private["payment_of"].get(intent["id"]):
        invoice = merchant.objects[payment["invoice"]]
        invoice |= {"attempted": True, "attempt_count": invoice["attempt_count"] + 1}
        merchant.emit("invoice.payment_failed", invoice)


def waiting(merchant: Merchant, intent: Wire) -> None:
    if payment := merchant.private["payment_of"].get(intent["id"]):
        merchant.emit("invoice.payment_action_required", merchant.objects[payment["invoice"]])


def release(merchant: Merchant, invoice: Wire) -> None:
    """No longer collect it by Stripe: its PaymentIntent is canceled."""
    intent = intent_of(merchant, invoice)
    if intent is None:
        return
    payment = merchant.private["payment_of"][intent["id"]]
    payment["status"] = "canceled"
    payment["status_transitions"]["canceled_at"] = merchant.now()
    attempts.cancel(merchant, intent, "void_invoice")
