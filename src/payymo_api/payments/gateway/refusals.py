"""The SDK's errors as ours: what happened, at which field, and who can mend it."""

import re
from http import HTTPStatus

import httpx
import stripe

from payymo_api.core.errors import (
    FieldError,
    PayymoError,
    ProviderError,
    ProviderTimeout,
    ProviderUnavailable,
)
from payymo_api.payments.errors import (
    StripeAccessLost,
    StripeBusy,
    StripeDeclined,
    StripeKeyRefused,
    StripeRefused,
    StripeScopeMissing,
    StripeStateForbids,
)
from payymo_api.payments.rules.declines import decline

_BUSY_SECONDS = 5
_GONE = {"account_invalid", "platform_account_required"}
"""A 403's codes when it is the account that gives no access (any more), and not the key."""
_STATES = {
    "charge_already_captured",
    "charge_already_refunded",
    "charge_disputed",
    "charge_expired_for_capture",
    "charge_not_refundable",
    "refund_disputed_payment",
    "balance_insufficient",
}
"""Codes of what was fine to ask, but not now."""
_OURS = {"amount_to_capture": "amount", "cancellation_reason": "reason"}
"""Parameters that have other names here."""
_KEY = re.compile(r"\b[sr]k_(?:test|live)_\S+")


def refusal(error: stripe.StripeError) -> PayymoError:
    """Return our error for Stripe's; what it quotes of a key stops here."""
    said = _KEY.sub("•••", f"Stripe: {error.user_message or 'no reason was given.'}")
    match error:
        case stripe.CardError():
            return _declined(error)
        case stripe.InvalidRequestError():
            return _refused(error, said)
        case stripe.APIConnectionError():
            return _broken(error)
        case stripe.AuthenticationError():
            return StripeKeyRefused(said)
        case stripe.PermissionError():
            return (StripeAccessLost if _code(error) in _GONE else StripeScopeMissing)(said)
        case _:
            return _failed(error, said)


def _code(error: stripe.StripeError) -> str | None:
    """The code that Stripe's answer says; the SDK's own `code` knows that of few errors."""
    return error.error.code if error.error else None


def _declined(error: stripe.CardError) -> StripeDeclined:
    told = error.error
    decline_code, intent = (told.decline_code, told.payment_intent) if told else (None, None)
    meant = decline(error.code, decline_code)
    return StripeDeclined(
        meant.shown.payer, meant.told(error.code), intent["id"] if intent else None
    )


def _refused(error: stripe.InvalidRequestError, said: str) -> PayymoError:
    """Stripe's `items[0][price]` is our `/items/0/price`; a route may know better which field."""
    if error.code in _STATES or (error.code or "").endswith("_unexpected_state"):
        return StripeStateForbids(said)
    steps = re.findall(r"[^\[\]]+", _OURS.get(error.param or "", error.param or ""))
    code = error.code or "refused"
    return StripeRefused(
        said,
        stripe_code=error.code,
        missing=error.http_status == HTTPStatus.NOT_FOUND or code == "resource_missing",
        errors=[FieldError("".join(f"/{step}" for step in steps), code, said)],
    )


def _broken(error: stripe.APIConnectionError) -> PayymoError:
    cause = error.__cause__
    if isinstance(cause, httpx.TimeoutException):
        return ProviderTimeout("Stripe did not answer in time.")
    return ProviderUnavailable(f"The connection to Stripe broke ({type(cause).__name__}).")


def _failed(error: stripe.StripeError, said: str) -> PayymoError:
    status = error.http_status or 0
    if isinstance(error, stripe.RateLimitError) or status == HTTPStatus.CONFLICT:
        return StripeBusy(said, retry_after=_BUSY_SECONDS)
    if error.error is None:  # the page of a gateway in between: markup
        said = f"Stripe answered {status} without JSON."
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ProviderUnavailable(said)
    return ProviderError(said)
