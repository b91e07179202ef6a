"""PaymentIntents: create, update, confirm, capture, cancel."""

from payymo_api.core.money import CURRENCIES
from payymo_api.sandbox.stripe import attempts
from payymo_api.sandbox.stripe.customers import shipping
from payymo_api.sandbox.stripe.form import Parameters
from payymo_api.sandbox.stripe.listing import listing
from payymo_api.sandbox.stripe.merchant import Merchant
from payymo_api.sandbox.stripe.payment_methods import DEBITS, from_request, named
from payymo_api.sandbox.stripe.refusals import (
    Refusal,
    Wire,
    missing,
    no_such,
    parameter,
    wrong_state,
)
from payymo_api.sandbox.stripe.request import Call

_TEXTS = (
    "description receipt_email statement_descriptor statement_descriptor_suffix transfer_group"
    " setup_future_usage on_behalf_of"
)
_COMMON = f"{_TEXTS} metadata shipping payment_method payment_method_data payment_method_options"
_CONFIRM = (
    "return_url off_session use_stripe_sdk mandate mandate_data error_on_requires_action"
    " confirmation_token"
)
_CREATE = (
    f"{_COMMON} {_CONFIRM} amount currency customer confirm capture_method confirmation_method"
    " automatic_payment_methods payment_method_types application_fee_amount transfer_data"
)
_UPDATE = f"{_COMMON} amount currency customer application_fee_amount payment_method_types"
_CAPTURES = {"automatic", "automatic_async", "manual"}
_LEAST = {"gbp": 30, "eur": 50, "usd": 50}
_MOST = 99_999_999
_CONFIRMABLE = {"requires_payment_method", "requires_confirmation", "requires_action"}
_CANCELABLE = _CONFIRMABLE | {"requires_capture", "processing"}
_REASONS = {"duplicate", "fraudulent", "requested_by_customer", "abandoned"}


def create(call: Call) -> Wire:
    asked = call.params.only(_CREATE)
    wire = new_intent(call.merchant, asked, _amount(asked, asked.currency()))
    if asked.flag("confirm"):
        _confirm(call, wire, asked)
    return wire


def new_intent(merchant: Merchant, asked: Parameters, amount: int) -> Wire:
    """Keep one as `asked`, unconfirmed."""
    currency = asked.currency()
    customer = merchant.find("customer", asked.text("customer"), "customer")
    automatic = _automatic(asked)
    wire = merchant.keep(
        "payment_intent",
        "pi",
        amount=amount,
        amount_capturable=0,
        amount_details={"tip": {}},
        amount_received=0,
        application=None,
        application_fee_amount=asked.integer("application_fee_amount"),
        automatic_payment_methods=automatic,
        canceled_at=None,
        cancellation_reason=None,
        capture_method=asked.one_of("capture_method", _CAPTURES, "automatic_async"),
        confirmation_method=asked.text("confirmation_method", "automatic"),
        currency=currency,
        customer=customer["id"] if customer else None,
        **dict.fromkeys(_TEXTS.split()),
        last_payment_error=None,
        latest_charge=None,
        metadata={},
        next_action=None,
        payment_method=None,
        payment_method_configuration_details=None,
        payment_method_options=asked.plain("payment_method_options"),
        payment_method_types=_types(asked, currency),
        processing=None,
        review=None,
        shipping=None,
        source=None,
        status="requires_payment_method",
        transfer_data=asked.plain("transfer_data"),
    )
    wire["client_secret"] = f"{wire['id']}_secret_{merchant.letters(25)}"
    _apply(merchant, wire, asked)
    merchant.emit("payment_intent.created", wire)
    return wire


def _amount(asked: Parameters, currency: str) -> int:
    amount = asked.count("amount", least=0)
    if currency.upper() not in CURRENCIES:
        raise parameter("currency", f"Invalid currency: {currency}")
    if amount < _LEAST.get(currency, 50):
        raise parameter("amount", "The amount is below the currency's minimum.", "amount_too_small")
    if amount > _MOST:
        raise parameter("amount", f"The amount is at most {_MOST}.", "amount_too_large")
    return amount


def _automatic(asked: Parameters) -> Wire | None:
    """They are on unless the types are named."""
    section = asked.section("automatic_payment_methods")
    if "payment_method_types" in asked or not section.flag("enabled", default=True):
        return None
    return {"allow_redirects": section.text("allow_redirects", "always"), "enabled": True}


def _types(asked: Parameters, currency: str) -> list[str]:
    if types := asked.texts("payment_method_types"):
        return types
    return ["card", *(debit for debit, only in DEBITS.items() if only == currency)]


def _apply(merchant: Merchant, wire: Wire, asked: Parameters) -> None:
    """Take over what a create and an update have in common."""
    wire |= asked.texts_of(_TEXTS)
    wire["metadata"] = asked.metadata(wire["metadata"])
    if "shipping" in asked:
        wire["shipping"] = shipping(asked.section("shipping"))
    if method := _method(merchant, asked):
        wire |= {"payment_method": method["id"], "status": "requires_confirmation"}


def _method(merchant: Merchant, asked: Parameters) -> Wire | None:
    if "payment_method_data" in asked:
        return from_request(merchant, asked.section("payment_method_data"))
    id = asked.text("payment_method")
    return named(merchant, id) if id else None


def retrieve(call: Call) -> Wire:
    asked = call.params.only("client_secret")
    wire = call.merchant.get("payment_intent", call.id)
    _check_public(call, wire, asked)
    return wire


def _check_public(call: Call, wire: Wire, asked: Parameters) -> None:
    """A page knows one intent only: the one whose secret it was given."""
    if call.public and asked.text("client_secret") != wire["client_secret"]:
        raise no_such("payment_intent", call.id)


def update(call: Call) -> Wire:
    asked = call.params.only(_UPDATE)
    wire = call.merchant.get("payment_intent", call.id)
    fixed = {*asked.names()} - {"metadata", "description", "expand"}
    if fixed and wire["status"] in _CANCELABLE - _CONFIRMABLE | {"succeeded", "canceled"}:
        raise _unexpected(wire, "updated")
    if "amount" in asked or "currency" in asked:
        currency = asked.currency() if "currency" in asked else wire["currency"]
        amount = _amount(asked, currency) if "amount" in asked else wire["amount"]
        wire |= {"amount": amount, "currency": currency}
    if "customer" in asked:
        wire["customer"] = call.merchant.get("customer", asked.needed("customer"), "customer")["id"]
    if "application_fee_amount" in asked:
        wire["application_fee_amount"] = asked.integer("application_fee_amount")
    _apply(call.merchant, wire, asked)
    return wire


def confirm(call: Call) -> Wire:
    asked = call.params.only(f"{_COMMON} {_CONFIRM} client_secret capture_method")
    wire = call.merchant.get("payment_intent", call.id)
    _check_public(call, wire, asked)
    _confirm(call, wire, asked)
    return wire


def _confirm(call: Call, wire: Wire, asked: Parameters) -> None:
    if wire["status"] not in _CONFIRMABLE:
        raise _unexpected(wire, "confirmed")
    _check_return_url(call, wire, asked)
    merchant = call.merchant
    _apply(merchant, wire, asked)
    if wire["payment_method"] is None:
        raise missing("payment_method")
    if url := asked.text("return_url"):
        merchant.private["return_url"][wire["id"]] = url
    method = merchant.get("payment_method", wire["payment_method"], "payment_method")
    _check_fits(wire, method)
    off = asked.text("off_session") not in {None, "false"}
    attempts.attempt(merchant, wire, method, off=off)
    if wire["status"] == "requires_action" and asked.flag("error_on_requires_action"):
        attempts.decline(merchant, wire, method, "authentication_required")
        raise attempts.card_error(wire)


def _check_return_url(call: Call, wire: Wire, asked: Parameters) -> None:
    """Automatic methods may redirect, so a server's confirmation must say where to."""
    automatic = wire["automatic_payment_methods"]
    may_redirect = automatic and automatic["allow_redirects"] == "always"
    excused = call.public or asked.text("off_session") or asked.flag("use_stripe_sdk")
    if may_redirect and not excused and not asked.text("return_url"):
        raise Refusal(
            "The payment methods of this PaymentIntent may redirect: give a `return_url`, or set "
            "automatic_payment_methods[allow_redirects] to never.",
            param="return_url",
        )


def _check_fits(wire: Wire, method: Wire) -> None:
    if method["type"] not in wire["payment_method_types"]:
        raise Refusal(
            f"The PaymentIntent takes {', '.join(wire['payment_method_types'])}, "
            f"not {method['type']}.",
            param="payment_method",
            code="payment_intent_incompatible_payment_method",
        )
    if method["customer"] not in {None, wire["customer"]}:
        raise Refusal("The payment method is another customer's.", param="payment_method")


def capture(call: Call) -> Wire:
    asked = call.params.only("amount_to_capture metadata application_fee_amount final_capture")
    wire = call.merchant.get("payment_intent", call.id)
    if wire["status"] != "requires_capture":
        raise _unexpected(wire, "captured")
    most = wire["amount_capturable"]
    amount = asked.integer("amount_to_capture", most) or 0
    if not 0 < amount <= most:
        raise parameter("amount_to_capture", f"At most {most} can be captured.", "amount_too_large")
    wire["metadata"] = asked.metadata(wire["metadata"])
    attempts.capture(call.merchant, wire, amount)
    return wire


def cancel(call: Call) -> Wire:
    asked = call.params.only("cancellation_reason")
    wire = call.merchant.get("payment_intent", call.id)
    if wire["status"] not in _CANCELABLE:
        raise _unexpected(wire, "canceled")
    reason = asked.text("cancellation_reason")
    if reason and reason not in _REASONS:
        raise parameter("cancellation_reason", f"Invalid reason: {reason}")
    attempts.cancel(call.merchant, wire, reason)
    return wire


def _unexpected(wire: Wire, done: str) -> Refusal:
    return wrong_state(
        "payment_intent_unexpected_state",
        f"This PaymentIntent's status is {wire['status']}; so it can't be {done}.",
        payment_intent=dict(wire),
    )


def payment_intents(call: Call) -> Wire:
    return listing(call, "payment_intent", "customer")
