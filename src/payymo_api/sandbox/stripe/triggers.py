"""Any event on demand, as the Stripe CLI's `trigger` does: by what causes it, or made up."""

from collections.abc import Callable, Mapping

from payymo_api.sandbox.stripe import (
    attempts,
    billing,
    collection,
    customers,
    disputes,
    invoices,
    payment_intents,
    payment_methods,
    payouts,
    products,
    refunds,
    subscriptions,
)
from payymo_api.sandbox.stripe.accounts import application, new_account
from payymo_api.sandbox.stripe.event_types import EVENT_TYPES
from payymo_api.sandbox.stripe.form import Parameters
from payymo_api.sandbox.stripe.invoice_draft import new_invoice
from payymo_api.sandbox.stripe.invoice_lines import new_item, take_up
from payymo_api.sandbox.stripe.ledger import balance_of
from payymo_api.sandbox.stripe.merchant import Merchant
from payymo_api.sandbox.stripe.refusals import Refusal, Wire

_AMOUNT, _CURRENCY = 2000, "gbp"
_KINDS = {
    "charge.dispute": "dispute",
    "charge.refund": "refund",
    "customer.subscription": "subscription",
    "account.application": "application",
}
"""Beginnings of event types that are not the kind of the object."""

Scenario = Callable[[Merchant], object]


def trigger(merchant: Merchant, type: str) -> Wire | None:
    """Return the event, None where there is no such type."""
    if type not in EVENT_TYPES:
        return None
    before = len(merchant.events)
    if scenario := _SCENARIOS.get(type):
        scenario(merchant)
    made = [event for event in list(merchant.events.values())[before:] if event.type == type]
    if not made:
        merchant.emit(type, _latest(merchant, type))
        made = list(merchant.events.values())[-1:]
    return made[-1].wire()


def _latest(merchant: Merchant, type: str) -> Wire:
    """The newest object of the event's kind; of kinds unknown here, the least one can say."""
    beginning = type.rpartition(".")[0]
    kind = _KINDS.get(beginning, beginning)
    if special := _SPECIAL.get(kind):
        return special(merchant)
    if kind in _MAKERS and not merchant.tables[kind]:
        _MAKERS[kind](merchant)
    found = merchant.newest_first(kind)
    return found[0] if found else merchant.keep(kind, kind.replace(".", "_"), metadata={})


def _customer(merchant: Merchant) -> Wire:
    asked = {"email": "payer@example.com", "name": "Triggered Payer"}
    wire = customers.new_customer(merchant, Parameters(asked))
    method = payment_methods.named(merchant, "pm_card_visa")
    payment_methods.attach_to(merchant, method, wire["id"])
    wire["invoice_settings"]["default_payment_method"] = method["id"]
    return wire


def _payment(merchant: Merchant, card: str = "visa", capture: str = "automatic_async") -> Wire:
    asked = {"currency": _CURRENCY, "capture_method": capture}
    intent = payment_intents.new_intent(merchant, Parameters(asked), _AMOUNT)
    method = payment_methods.named(merchant, f"pm_card_{card}")
    try:
        attempts.attempt(merchant, intent, method, off=False)
    except Refusal:
        return intent
    return intent


def _debit(merchant: Merchant) -> None:
    intent = payment_intents.new_intent(merchant, Parameters({"currency": "eur"}), _AMOUNT)
    asked = {"type": "sepa_debit", "sepa_debit": {"iban": "DE89370400440532013000"}}
    method = payment_methods.from_request(merchant, Parameters(asked))
    attempts.attempt(merchant, intent, method, off=False)


def _canceled(merchant: Merchant) -> None:
    intent = payment_intents.new_intent(merchant, Parameters({"currency": _CURRENCY}), _AMOUNT)
    attempts.cancel(merchant, intent, "requested_by_customer")


def _captured(merchant: Merchant) -> None:
    attempts.capture(merchant, _payment(merchant, capture="manual"), _AMOUNT)


def _charge(merchant: Merchant) -> Wire:
    return merchant.objects[_payment(merchant)["latest_charge"]]


def _refund(merchant: Merchant) -> Wire:
    return refunds.refund(merchant, _charge(merchant), _AMOUNT, reason=None, metadata={})


def _failed_refund(merchant: Merchant) -> None:
    refunds.fail(merchant, _refund(merchant), "lost_or_stolen_card")


def _dispute(merchant: Merchant) -> Wire:
    return disputes.open_dispute(merchant, _charge(merchant))


def _won_dispute(merchant: Merchant) -> None:
    disputes.close(merchant, _dispute(merchant), "won")


def _payout(merchant: Merchant) -> Wire:
    _payment(merchant)
    wire = payouts.gather(merchant, _CURRENCY, pending=True)
    payouts.pay(merchant, wire)
    return wire


def _failed_payout(merchant: Merchant) -> None:
    payouts.fail(merchant, _payout(merchant), "account_closed")


def _draft(merchant: Merchant) -> Wire:
    customer = _customer(merchant)
    wire = new_invoice(merchant, customer, _CURRENCY)
    item = new_item(merchant, customer["id"], amount=_AMOUNT, currency=_CURRENCY)
    take_up(merchant, wire, [item])
    collection.announce_draft(merchant, wire)
    return wire


def _open_invoice(merchant: Merchant) -> Wire:
    wire = _draft(merchant)
    collection.finalize(merchant, wire)
    return wire


def _invoice_charged(card: str) -> Scenario:
    def scenario(merchant: Merchant) -> None:
        method = payment_methods.named(merchant, f"pm_card_{card}")
        try:
            collection.collect(merchant, _open_invoice(merchant), method)
        except Refusal:
            return

    return scenario


def _invoice_ended(status: str) -> Scenario:
    return lambda merchant: invoices.end(merchant, _open_invoice(merchant), status)


def _price(merchant: Merchant) -> Wire:
    product = products.new_product(merchant, Parameters({"name": "Triggered plan"}))
    asked = {"currency": _CURRENCY, "unit_amount": str(_AMOUNT), "recurring": {"interval": "month"}}
    return products.new_price(merchant, Parameters(asked), product["id"])


def _subscription(merchant: Merchant) -> Wire:
    items = {"0": {"price": _price(merchant)["id"]}}
    asked = {"customer": _customer(merchant)["id"], "items": items}
    return subscriptions.subscribe(merchant, Parameters(asked))


def _ended_subscription(merchant: Merchant) -> None:
    billing.finish(merchant, _subscription(merchant), "cancellation_requested")


_SPECIAL: Mapping[str, Callable[[Merchant], Wire]] = {
    "account": lambda merchant: new_account(merchant.account, merchant.now()),
    "application": lambda _: application(),
    "balance": balance_of,
}
_MAKERS: Mapping[str, Scenario] = {
    "charge": _payment,
    "customer": _customer,
    "dispute": _dispute,
    "invoice": _open_invoice,
    "invoice_payment": _open_invoice,
    "invoiceitem": _draft,
    "payment_intent": _payment,
    "payment_method": _customer,
    "payout": _payout,
    "price": _price,
    "product": _price,
    "refund": _refund,
    "subscription": _subscription,
}
_SCENARIOS: Mapping[str, Scenario] = {
    **dict.fromkeys(
        "payment_intent.created payment_intent.succeeded charge.succeeded charge.updated".split(),
        _payment,
    ),
    **dict.fromkeys(
        "payment_intent.payment_failed charge.failed".split(),
        lambda merchant: _payment(merchant, "chargeDeclined"),
    ),
    "payment_intent.requires_action": lambda merchant: _payment(merchant, "authenticationRequired"),
    **dict.fromkeys("payment_intent.processing charge.pending".split(), _debit),
    "payment_intent.canceled": _canceled,
    "payment_intent.amount_capturable_updated": lambda merchant: _payment(
        merchant, capture="manual"
    ),
    "charge.captured": _captured,
    **dict.fromkeys("charge.refunded refund.created".split(), _refund),
    **dict.fromkeys("refund.failed refund.updated charge.refund.updated".split(), _failed_refund),
    **dict.fromkeys(
        "charge.dispute.created charge.dispute.updated charge.dispute.funds_withdrawn".split(),
        _dispute,
    ),
    **dict.fromkeys("charge.dispute.closed charge.dispute.funds_reinstated".split(), _won_dispute),
    **dict.fromkeys(
        "payout.created payout.updated payout.paid payout.reconciliation_completed".split(),
        _payout,
    ),
    "payout.failed": _failed_payout,
    **dict.fromkeys("customer.created payment_method.attached".split(), _customer),
    **dict.fromkeys("invoice.created invoiceitem.created".split(), _draft),
    **dict.fromkeys("invoice.finalized invoice.updated invoice.sent".split(), _open_invoice),
    **dict.fromkeys(
        "invoice.paid invoice.payment_succeeded invoice_payment.paid".split(),
        _invoice_charged("visa"),
    ),
    "invoice.payment_failed": _invoice_charged("chargeDeclined"),
    "invoice.payment_action_required": _invoice_charged("authenticationRequired"),
    "invoice.voided": _invoice_ended("void"),
    "invoice.marked_uncollectible": _invoice_ended("uncollectible"),
    **dict.fromkeys("product.created price.created".split(), _price),
    **dict.fromkeys(
        "customer.subscription.created customer.subscription.updated".split(), _subscription
    ),
    "customer.subscription.deleted": _ended_subscription,
}
