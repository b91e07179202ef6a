"""Refusals of payments: what Stripe would not do, each with its next step."""

from collections.abc import Mapping, Sequence
from typing import Self

from typing_extensions import override

from payymo_api.core.errors import (
    Conflict,
    FieldError,
    MalformedRequest,
    PayymoError,
    ProviderError,
    ProviderUnavailable,
    ValidationFailed,
)


class StripeDeclined(PayymoError):
    """`detail` may be shown to the payer. `decline`: all that is told of it, masked where it hints
    at fraud. `payment_intent`: Stripe's id of the payment, which stays and may be tried again.
    """

    status = 402
    code = "payment_declined"
    title = "The payment was declined"
    resolution = "Show the payer decline.payer_message, and do what decline.next_step says."

    def __init__(
        self, detail: str, decline: Mapping[str, str | None], payment_intent: str | None
    ) -> None:
        super().__init__(detail)
        self.decline = decline
        self.payment_intent = payment_intent
        self.payment_id: str | None = None

    @property
    @override
    def members(self) -> Mapping[str, object]:
        return {"decline": {**self.decline, "payment_id": self.payment_id}}


class StripeRefused(ValidationFailed):
    """Stripe found fault with what we sent. `missing`: it has no such object."""

    code = "stripe_refused_request"
    title = "Stripe refuses the request"
    resolution = "Read in detail and errors what Stripe objects to."

    def __init__(
        self,
        detail: str,
        *,
        stripe_code: str | None = None,
        missing: bool = False,
        errors: Sequence[FieldError] = (),
    ) -> None:
        super().__init__(detail, errors=errors)
        self.stripe_code = stripe_code
        self.missing = missing


class StripeAccessLost(ProviderError):
    """Base of what only the tenant can mend; the connection shows it."""

    status = 409
    code = "stripe_access_lost"
    title = "Stripe refuses our access to the account"
    resolution = "Connect the account again."


class StripeKeyRefused(StripeAccessLost):
    code = "stripe_key_refused"
    title = "Stripe refuses the key"
    resolution = "It was deleted or has expired: POST …/rotate_key with a new one."


class StripeScopeMissing(StripeAccessLost):
    code = "stripe_scope_missing"
    title = "The key lacks a permission"
    resolution = "Give the key what detail names, at Stripe; then POST …/rotate_key with it."


class StripeBusy(ProviderUnavailable):
    code = "stripe_busy"
    title = "Stripe asks us to slow down"
    resolution = "Try again after the seconds of Retry-After."


class StripeUnreadable(ProviderError):
    code = "stripe_answer_unreadable"
    title = "Stripe's answer can't be read"
    retryable = True


class OtherMode(StripeUnreadable):
    """A test object under a live connection, or the other way round: never kept."""

    code = "stripe_other_mode"
    title = "Stripe's object is of the other mode"
    retryable = False


class StripeNotConfigured(ProviderError):
    status = 503
    code = "stripe_not_configured"
    title = "This service has no platform at Stripe"
    resolution = "Connect by a key of your own, or the operator sets up Stripe Connect."


class StripeConnectionNotActive(Conflict):
    code = "stripe_connection_not_active"
    title = "The Stripe connection can't be used as it is"
    resolution = "Read its status and error; most often the account has to be connected again."


class StripeStateForbids(Conflict):
    code = "stripe_state_forbids"
    title = "The object's state at Stripe does not allow this"
    resolution = "Read it again: detail says what Stripe objects to."


class OutcomeUnknown(Conflict):
    code = "outcome_unknown"
    title = "Nobody knows any more whether the first request was done"
    resolution = "Look for what it should have made; if it is not there, use a new key."


class InvoiceNotPayable(Conflict):
    code = "invoice_not_payable"
    title = "The invoice can't be paid"
    resolution = "Read the invoice: it is paid, void, or a credit note."


class ConnectRefused(ProviderError):
    """`reason`: OAuth's own code for it."""

    status = 409
    code = "stripe_connect_refused"
    title = "Stripe did not grant access to the account"
    resolution = "Begin anew: POST /api/v1/stripe/connections."

    def __init__(self, detail: str, *, reason: str = "") -> None:
        super().__init__(detail)
        self.reason = reason

    @classmethod
    def told(cls, body: Mapping[str, object]) -> Self:
        said = body.get("error_description", "no reason was given")
        return cls(f"Stripe: {said}", reason=str(body.get("error", "")))


class ConnectDenied(ProviderError):
    status = 409
    code = "stripe_connect_denied"
    title = "The account's owner did not grant access"
    resolution = "Ask again: POST /api/v1/stripe/connections."


class KeyUnfit(ValidationFailed):
    code = "stripe_key_unfit"
    title = "The key can't be used"
    resolution = "Make a restricted key in Stripe's dashboard with what errors names."


class StripeAccountConnected(Conflict):
    code = "stripe_account_connected"
    title = "The Stripe account is connected already"
    resolution = "Use the connection that detail names, or remove it first."


class StripeConnectionHasNoKey(Conflict):
    code = "stripe_connection_has_no_key"
    title = "The connection has no key of its own"
    resolution = "Only a connection of type key has a key to rotate and an endpoint of its own."


class StripeSignatureRefused(MalformedRequest):
    code = "stripe_signature_refused"
    title = "This delivery is not signed by Stripe"
    resolution = "Sign the raw body with the endpoint's secret, at the time it is sent."


class InvoiceNotDraft(Conflict):
    code = "stripe_invoice_not_draft"
    title = "Only a draft can be deleted"
    resolution = "Void what is finalised: POST /api/v1/stripe/invoices/{id}/void."
