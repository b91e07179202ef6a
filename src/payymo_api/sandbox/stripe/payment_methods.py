"""Payment methods: cards by test number or `pm_card_…`, bank debits by IBAN or account."""

from typing import Any

from payymo_api.sandbox.stripe.addresses import address
from payymo_api.sandbox.stripe.cards import Card, card_named, card_numbered
from payymo_api.sandbox.stripe.form import Parameters
from payymo_api.sandbox.stripe.listing import listing
from payymo_api.sandbox.stripe.merchant import Merchant
from payymo_api.sandbox.stripe.refusals import Refusal, Wire, missing, parameter, wrong_state
from payymo_api.sandbox.stripe.request import Call

DEBITS = {"sepa_debit": "eur", "bacs_debit": "gbp", "us_bank_account": "usd"}
"""Methods that stay `processing` for days -> the currency that each is for."""
_TYPES = {"card", *DEBITS}
_KNOWN = "type card sepa_debit bacs_debit us_bank_account billing_details metadata allow_redisplay"
_CARD = "number exp_month exp_year cvc token networks"


def create(call: Call) -> Wire:
    return from_request(call.merchant, call.params.only(_KNOWN))


def from_request(merchant: Merchant, asked: Parameters) -> Wire:
    """Make one from `payment_method_data` or the parameters of a POST."""
    type = asked.needed("type")
    if type not in _TYPES:
        raise parameter(asked.where("type"), f"The sandbox has no payment method of type {type}.")
    if type not in asked:
        raise missing(asked.where(type))
    if type == "card":
        card = _card(asked.section("card").only(_CARD))
        return _keep(merchant, asked, card=card)
    return _keep(merchant, asked, debit=(type, _debit(type, asked.section(type))))


def _card(asked: Parameters) -> Card:
    if token := asked.text("token"):
        card = card_named(token.replace("tok_", "pm_card_", 1))
    else:
        card = card_numbered(asked.needed("number").replace(" ", ""))
    if card is None:
        raise Refusal(
            "Your card number is incorrect: the sandbox knows test cards only.",
            status=402,
            type="card_error",
            code="incorrect_number",
            param="number",
        )
    return card


def _debit(type: str, asked: Parameters) -> Wire:
    """Keep the last four characters of the account, as Stripe shows it."""
    if type == "sepa_debit":
        iban = asked.needed("iban").replace(" ", "")
        known = {"bank_code": iban[4:12], "branch_code": "", "country": iban[:2]}
        return known | {"generated_from": None, "last4": iban[-4:]}
    if type == "bacs_debit":
        return {
            "last4": asked.needed("account_number")[-4:],
            "sort_code": asked.needed("sort_code"),
        }
    return {
        "account_holder_type": asked.text("account_holder_type", "individual"),
        "account_type": asked.text("account_type", "checking"),
        "bank_name": "STRIPE TEST BANK",
        "last4": asked.needed("account_number")[-4:],
        "routing_number": asked.needed("routing_number"),
    }


def _keep(
    merchant: Merchant,
    asked: Parameters,
    *,
    card: Card | None = None,
    debit: tuple[str, Wire] | None = None,
) -> Wire:
    fields: dict[str, Any] = {
        "allow_redisplay": asked.text("allow_redisplay", "unspecified"),
        "billing_details": _billing(asked.section("billing_details")),
        "customer": None,
        "metadata": asked.metadata(),
    }
    if card:
        fields |= {"type": "card", "card": _card_wire(merchant, card, asked.section("card"))}
    if debit:
        type, details = debit
        print_ = merchant.letters(16)
        fields |= {"type": type, type: details | {"fingerprint": print_}}
    wire = merchant.keep("payment_method", "pm", **fields)
    merchant.private["cards"][wire["id"]] = card
    return wire


def _card_wire(merchant: Merchant, card: Card, asked: Parameters) -> Wire:
    return {
        "brand": card.brand,
        "checks": {
            "address_line1_check": None,
            "address_postal_code_check": None,
            "cvc_check": card.cvc_check,
        },
        "country": card.country,
        "display_brand": card.brand,
        "exp_month": asked.integer("exp_month", 12),
        "exp_year": asked.integer("exp_year", 2034),
        "fingerprint": merchant.letters(16),
        "funding": card.funding,
        "generated_from": None,
        "last4": card.last4,
        "networks": {"available": [card.brand], "preferred": None},
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }


def _billing(asked: Parameters) -> Wire:
    told: Wire = {name: asked.text(name) for name in ("email", "name", "phone", "tax_id")}
    empty = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))
    return told | {"address": address(asked.section("address")) or empty}


def named(merchant: Merchant, id: str, param: str = "payment_method") -> Wire:
    """The method with this id; a `pm_card_…` becomes one of its own."""
    card = card_named(id)
    return _keep(merchant, Parameters({}), card=card) if card else _found(merchant, id, param)


def _found(merchant: Merchant, id: str, param: str) -> Wire:
    return merchant.get("payment_method", id, param)


def card_of(merchant: Merchant, payment_method: str) -> Card | None:
    """None for a bank debit."""
    card: Card | None = merchant.private["cards"].get(payment_method)
    return card


def retrieve(call: Call) -> Wire:
    call.params.only("")
    return call.merchant.get("payment_method", call.id)


def update(call: Call) -> Wire:
    asked = call.params.only("metadata billing_details allow_redisplay card")
    wire = call.merchant.get("payment_method", call.id)
    wire["metadata"] = asked.metadata(wire["metadata"])
    if "billing_details" in asked:
        wire["billing_details"] = _billing(asked.section("billing_details"))
    if "card" in asked and "card" in wire:
        for name in ("exp_month", "exp_year"):
            wire["card"][name] = asked.section("card").integer(name, wire["card"][name])
    call.merchant.emit("payment_method.updated", wire)
    return wire


def attach(call: Call) -> Wire:
    asked = call.params.only("customer")
    customer = call.merchant.get("customer", asked.needed("customer"), "customer")
    wire = named(call.merchant, call.id, "id")
    if wire["customer"] not in {None, customer["id"]}:
        raise wrong_state(
            None, "This payment method has been attached to another customer already."
        )
    if wire["customer"] is None:
        attach_to(call.merchant, wire, customer["id"])
    return wire


def attach_to(merchant: Merchant, wire: Wire, customer: str) -> None:
    wire["customer"] = customer
    merchant.emit("payment_method.attached", wire)


def detach(call: Call) -> Wire:
    call.params.only("")
    wire = call.merchant.get("payment_method", call.id)
    if wire["customer"] is None:
        raise wrong_state(None, "This payment method is not attached to a customer.")
    wire["customer"] = None
    call.merchant.emit("payment_method.detached", wire)
    return wire


def payment_methods(call: Call) -> Wire:
    return listing(call, "payment_method", "customer type")


def of_customer(call: Call) -> Wire:
    """The list under a customer's address."""
    call.merchant.get("customer", call.id)
    return listing(call.asking(customer=call.id), "payment_method", "customer type")


def of_customer_one(call: Call) -> Wire:
    wire = call.merchant.get("payment_method", call.path["payment_method"])
    if wire["customer"] != call.id:
        raise wrong_state("resource_missing", "The customer has no such payment method.")
    return wire
