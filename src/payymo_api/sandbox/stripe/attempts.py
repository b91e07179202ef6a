"""A PaymentIntent's way through a payment method: authentication, charge, capture, failure."""

from payymo_api.sandbox.stripe import charges
from payymo_api.sandbox.stripe.cards import CONFIRM, OWN_CODE, TRY_AGAIN, Card
from payymo_api.sandbox.stripe.ledger import DAY
from payymo_api.sandbox.stripe.merchant import Merchant
from payymo_api.sandbox.stripe.payment_methods import attach_to, card_of
from payymo_api.sandbox.stripe.refusals import Refusal, Wire

_AUTHORISED_DAYS = 7
_DECLINED = "The payment method was declined."
_AUTHENTICATION = "The payment method could not be authenticated."


def attempt(merchant: Merchant, intent: Wire, method: Wire, *, off: bool) -> None:
    """Try to collect; Refusal when declined at once. `off`: the payer is not there."""
    intent["payment_method"], intent["next_action"] = method["id"], None
    card = card_of(merchant, method["id"])
    if card is None:
        _process(merchant, intent, method)
    elif card.secure == "always" and off:
        decline(merchant, intent, method, "authentication_required")
        raise card_error(intent)
    elif card.secure and not off:
        _ask_for_authentication(merchant, intent)
    elif not charge_card(merchant, intent, method, card):
        raise card_error(intent)


def _ask_for_authentication(merchant: Merchant, intent: Wire) -> None:
    """With a `return_url` the payer is redirected, otherwise the page's script shows the way."""
    url = f"{merchant.base_url}stripe/3ds/{merchant.account}/{intent['id']}"
    url += f"?client_secret={intent['client_secret']}"
    return_url = merchant.private["return_url"].get(intent["id"])
    intent["status"] = "requires_action"
    intent["next_action"] = (
        {"type": "redirect_to_url", "redirect_to_url": {"return_url": return_url, "url": url}}
        if return_url
        else {
            "type": "use_stripe_sdk",
            "use_stripe_sdk": {"type": "three_d_secure_redirect", "stripe_js": url},
        }
    )
    merchant.emit("payment_intent.requires_action", intent)


def authenticated(merchant: Merchant, intent: Wire, *, passed: bool) -> None:
    """The payer comes back from the 3-D Secure page."""
    method = merchant.objects[intent["payment_method"]]
    card = card_of(merchant, method["id"])
    intent["next_action"] = None
    if card is None or not passed:
        _fail(merchant, intent, method, "payment_intent_authentication_failure", None)
        return
    merchant.private["secured"][intent["id"]] = {
        "authentication_flow": "challenge",
        "electronic_commerce_indicator": "05",
        "exemption_indicator": None,
        "result": "authenticated",
        "result_reason": None,
        "transaction_id": merchant.letters(20),
        "version": "2.2.0",
    }
    charge_card(merchant, intent, method, card)


def charge_card(merchant: Merchant, intent: Wire, method: Wire, card: Card) -> bool:
    """Authorise, and capture unless that is to be done by hand; False when declined."""
    if card.decline:
        decline(merchant, intent, method, card.decline)
        return False
    by_hand = intent["capture_method"] == "manual"
    fields = charges.approved(captured=not by_hand, amount=intent["amount"])
    charge = charges.charge_for(merchant, intent, method, **fields)
    if by_hand:
        _hold(merchant, intent, charge)
    else:
        succeed(merchant, intent, charge)
    return True


def _hold(merchant: Merchant, intent: Wire, charge: Wire) -> None:
    intent["status"], intent["amount_capturable"] = "requires_capture", intent["amount"]
    until = merchant.now() + _AUTHORISED_DAYS * DAY
    charge["payment_method_details"]["card"]["capture_before"] = until
    merchant.later(until, lambda: _expire(merchant, intent, charge))
    merchant.emit("charge.succeeded", charge)
    merchant.emit("payment_intent.amount_capturable_updated", intent)


def _expire(merchant: Merchant, intent: Wire, charge: Wire) -> None:
    if intent["status"] == "requires_capture":
        merchant.emit("charge.expired", charge)
        cancel(merchant, intent, "automatic")


def succeed(merchant: Merchant, intent: Wire, charge: Wire) -> None:
    """With `automatic_async` the balance transaction is known only after the news of success."""
    charges.settle(merchant, charge)
    entry = charge["balance_transaction"]
    late = intent["capture_method"] == "automatic_async"
    if late:
        charge["balance_transaction"] = None
    intent["status"], intent["last_payment_error"] = "succeeded", None
    intent["processing"] = None
    intent["amount_received"] = charge["amount_captured"]
    intent["amount_capturable"] = 0
    if intent["setup_future_usage"] and intent["customer"]:
        _save_method(merchant, intent)
    merchant.emit("charge.succeeded", charge)
    merchant.emit("payment_intent.succeeded", intent)
    if late:
        charge["balance_transaction"] = entry
        merchant.emit("charge.updated", charge)


def _save_method(merchant: Merchant, intent: Wire) -> None:
    method = merchant.objects[intent["payment_method"]]
    if method["customer"] is None:
        attach_to(merchant, method, intent["customer"])


def capture(merchant: Merchant, intent: Wire, amount: int) -> None:
    """What is not captured is let go."""
    charge = merchant.objects[intent["latest_charge"]]
    charge |= {"captured": True, "amount_captured": amount}
    charges.settle(merchant, charge)
    intent |= {"status": "succeeded", "amount_received": amount, "amount_capturable": 0}
    merchant.emit("charge.captured", charge)
    merchant.emit("payment_intent.succeeded", intent)


def cancel(merchant: Merchant, intent: Wire, reason: str | None) -> None:
    charge = merchant.objects.get(intent["latest_charge"] or "")
    if charge and intent["status"] == "requires_capture":
        charge |= {"refunded": True, "amount_refunded": charge["amount"]}
        merchant.emit("charge.refunded", charge)
    intent |= {
        "status": "canceled",
        "canceled_at": merchant.now(),
        "cancellation_reason": reason,
        "amount_capturable": 0,
        "next_action": None,
    }
    merchant.emit("payment_intent.canceled", intent)


def _process(merchant: Merchant, intent: Wire, method: Wire) -> None:
    """A bank debit: the outcome comes days later, by `resolve`."""
    charge = charges.charge_for(merchant, intent, method)
    intent["status"] = "processing"
    intent["processing"] = None
    merchant.emit("payment_intent.processing", intent)
    merchant.emit("charge.pending", charge)


def resolve(merchant: Merchant, intent: Wire, failure: str | None) -> None:
    """The bank's answer to a debit: money, or the failure's code."""
    charge = merchant.objects[intent["latest_charge"]]
    if failure is None:
        charge |= charges.approved(captured=True, amount=intent["amount"])
        succeed(merchant, intent, charge)
        return
    charge |= charges.declined(None, failure, _DECLINED)
    merchant.emit("charge.failed", charge)
    method = merchant.objects[intent["payment_method"]]
    _fail(merchant, intent, method, failure, None)


def decline(merchant: Merchant, intent: Wire, method: Wire, code: str) -> None:
    """The card is refused: a failed charge, and an intent that waits for another method."""
    fields = charges.declined(card_of(merchant, method["id"]), code, _DECLINED)
    charge = charges.charge_for(merchant, intent, method, **fields)
    merchant.emit("charge.failed", charge)
    own = code in OWN_CODE or code == "authentication_required"
    decline_code = None if code in OWN_CODE else code
    _fail(merchant, intent, method, code if own else "card_declined", decline_code)


def _fail(
    merchant: Merchant, intent: Wire, method: Wire, code: str, decline_code: str | None
) -> None:
    authentication = "authentication" in code
    error = {
        "code": code,
        "doc_url": f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}",
        "message": _AUTHENTICATION if authentication else _DECLINED,
        "payment_method": dict(method),
        "type": "invalid_request_error" if "failure" in code and authentication else "card_error",
    }
    charge = merchant.objects.get(intent["latest_charge"] or "")
    if charge and charge["status"] == "failed":
        error["charge"] = charge["id"]
    if decline_code:
        error |= {"decline_code": decline_code, "advice_code": _advice(decline_code)}
    intent |= {"status": "requires_payment_method", "last_payment_error": error}
    intent |= {"payment_method": None, "next_action": None, "processing": None}
    merchant.emit("payment_intent.payment_failed", intent)


def _advice(code: str) -> str:
    if code in TRY_AGAIN:
        return "try_again_later"
    return "confirm_card_data" if code in CONFIRM else "do_not_try_again"


def card_error(intent: Wire) -> Refusal:
    """Tell the caller, as a 402, what stands in the intent."""
    error = dict(intent["last_payment_error"])
    error.pop("doc_url")
    message, type = error.pop("message"), error.pop("type")
    return Refusal(message, status=402, type=type, payment_intent=dict(intent), **error)
