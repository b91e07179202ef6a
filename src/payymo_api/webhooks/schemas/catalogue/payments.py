"""What happens at payment providers."""

from typing import Any, Final

from payymo_api.payments.schemas.connections import StripeConnectionAnswer
from payymo_api.payments.schemas.disputes import DisputeAnswer
from payymo_api.payments.schemas.payments import PaymentAnswer
from payymo_api.payments.schemas.payouts import PayoutAnswer
from payymo_api.webhooks.schemas.catalogue.event_type import EventType
from payymo_api.webhooks.schemas.catalogue.samples import MADE_AND_CHANGED, MONEY, sample_id
from payymo_api.webhooks.schemas.news import PaymentRequestNews

_AT_STRIPE: Final = {"stripe_created_at": "2026-11-23T09:29:58Z", **MADE_AND_CHANGED}
_CONNECTION: Final[dict[str, Any]] = {
    "id": sample_id("scon"),
    "type": "connect",
    "status": "revoked",
    "livemode": True,
    "account": {
        "id": "acct_1Example",
        "name": "Example Ltd",
        "country": "GB",
        "default_currency": "GBP",
    },
    "key_hint": None,
    "reference": "shop",
    "redirect_url": "https://app.example.com/stripe/done",
    "authorization_url": None,
    "error": None,
    "activated_at": "2026-11-23T09:30:00Z",
    **MADE_AND_CHANGED,
}
_PAYMENT: Final[dict[str, Any]] = {
    "id": sample_id("sp"),
    "connection_id": sample_id("scon"),
    "stripe_id": "pi_3PExample",
    "livemode": True,
    "status": "succeeded",
    **MONEY,
    "amount_capturable_minor": 0,
    "amount_received_minor": 10050,
    "amount_refunded_minor": 0,
    "amount_disputed_minor": 0,
    "amount_lost_minor": 0,
    "disputed": False,
    "customer": "cus_Example",
    "invoice_id": sample_id("inv"),
    "settled_minor": 0,
    "description": "INV-7",
    "statement_descriptor": None,
    "capture_method": "automatic_async",
    "latest_charge": "ch_3PExample",
    "payment_method": {"type": "card", "brand": "visa", "last4": "4242"},
    "failure": None,
    "next_action": None,
    "cancellation_reason": None,
    "canceled_at": None,
    "metadata": {"order": "7"},
    **_AT_STRIPE,
}
_DECLINED: Final[dict[str, Any]] = {
    "status": "requires_payment_method",
    "amount_received_minor": 0,
    "failure": {
        "code": "card_declined",
        "decline_code": "insufficient_funds",
        "message": "Your card has insufficient funds.",
        "payer_message": "The balance or limit does not cover the payment. Please pay another way.",
        "next_step": "Ask for another method, or try again in some days.",
        "retry": "later",
    },
}
_DISPUTE: Final[dict[str, Any]] = {
    "id": sample_id("sdp"),
    "stripe_id": "du_1PExample",
    "connection_id": sample_id("scon"),
    "status": "needs_response",
    "reason": "fraudulent",
    "network_reason_code": "10.4",
    **MONEY,
    "charge": "ch_3PExample",
    "payment_id": sample_id("sp"),
    "payment_intent": "pi_3PExample",
    "evidence_due_at": "2026-12-07T23:59:59Z",
    "evidence_submitted": False,
    **_AT_STRIPE,
}
_PAYOUT: Final[dict[str, Any]] = {
    "id": sample_id("spo"),
    "stripe_id": "po_1PExample",
    "connection_id": sample_id("scon"),
    **MONEY,
    "status": "paid",
    "arrival_on": "2026-11-25",
    "method": "standard",
    "automatic": True,
    "reconciliation_status": "complete",
    "parts_net_minor": 10050,
    "settled_minor": 0,
    "description": "STRIPE PAYOUT",
    "statement_descriptor": None,
    "trace_id": None,
    "failure_code": None,
    "failure_message": None,
    **_AT_STRIPE,
}
_GIVEN_BACK: Final = {
    "status": "failed",
    "failure_code": "account_closed",
    "failure_message": "The bank account has been closed.",
}


def _payment(name: str, description: str, **fields: object) -> EventType:
    return EventType(name, description, PaymentAnswer, _PAYMENT | fields)


def _payout(name: str, description: str, **fields: object) -> EventType:
    return EventType(name, description, PayoutAnswer, _PAYOUT | fields)


def _payment_request(name: str, description: str) -> EventType:
    example = {"id": "BRQ000123", **MONEY}
    return EventType(name, description, PaymentRequestNews, example, since=None)


TYPES: Final = (
    EventType(
        "stripe_connection.revoked",
        "The owner of a Stripe account took our access back.",
        StripeConnectionAnswer,
        _CONNECTION,
    ),
    _payment("stripe_payment.succeeded", "A Stripe payment succeeded."),
    _payment(
        "stripe_payment.failed",
        "An attempt at a Stripe payment failed; the payer may try again.",
        **_DECLINED,
    ),
    _payment(
        "stripe_payment.requires_action",
        "The payer must do something more, such as 3-D Secure.",
        status="requires_action",
        amount_received_minor=0,
        next_action="use_stripe_sdk",
        latest_charge=None,
    ),
    _payment(
        "stripe_payment.refunded",
        "More of a Stripe payment was refunded.",
        amount_refunded_minor=10050,
    ),
    EventType(
        "stripe_payment.disputed",
        "A payer disputes a Stripe payment, or the dispute has come to its next `status`.",
        DisputeAnswer,
        _DISPUTE,
    ),
    _payout("stripe_payout.paid", "Stripe has paid money out to the bank."),
    _payout(
        "stripe_payout.failed",
        "The bank refused a payout, or gave it back days after it was paid.",
        **_GIVEN_BACK,
    ),
    _payment_request("payment_request.confirmed", "A payment by bank was confirmed."),
    _payment_request("payment_request.failed", "A payment by bank failed."),
)
