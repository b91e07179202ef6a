"""Payments made, captured and cancelled at Stripe. Each call acts once, whatever breaks."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from payymo_api.core.db import Scope
from payymo_api.core.errors import ValidationFailed
from payymo_api.core.fields import read_amount
from payymo_api.core.money import InvalidAmount, Money
from payymo_api.core.types import PREFIXES, InvoiceId, PaymentId, public_id
from payymo_api.payments.errors import InvoiceNotPayable, StripeDeclined
from payymo_api.payments.gateway import Params
from payymo_api.payments.models import StripeConnection, StripePayment
from payymo_api.payments.repository.connections import StripeConnectionRepository
from payymo_api.payments.repository.invoices import payable
from payymo_api.payments.repository.payments import PaymentRepository
from payymo_api.payments.rules.amounts import to_stripe
from payymo_api.payments.rules.payments import INVOICE_KEY
from payymo_api.payments.rules.raw import Raw
from payymo_api.payments.schemas.payment_requests import (
    CancelRequest,
    CaptureRequest,
    PaymentRequest,
)
from payymo_api.payments.schemas.payments import PaymentAnswer, PaymentMade
from payymo_api.payments.service.answers import payment_answer
from payymo_api.payments.service.attempts import Attempt

INTENT = "payment_intent"
_PASSED_ON = (
    "customer",
    "description",
    "payment_method",
    "payment_method_types",
    "receipt_email",
    "return_url",
    "setup_future_usage",
    "statement_descriptor_suffix",
)
"""These have the same names at Stripe."""


async def create_payment(attempt: Attempt, request: PaymentRequest) -> PaymentMade:
    """Make a PaymentIntent, and charge it if so asked.

    A repeated request does not look at the invoice again: the first may have paid it.
    """
    total = stripe_money(request.amount, request.amount_minor, request.currency)
    async with attempt.database.scope(attempt.tenant_id) as scope:
        connections = StripeConnectionRepository(scope)
        connection = await connections.referenced(request.connection_id, "/connection_id")
        if request.invoice_id and not attempt.repeated:
            await _check_invoice(scope, request.invoice_id, total)
    asked_at = await attempt.asked_at()
    try:
        raw = await attempt.create(connection, INTENT, _params(request, total))
    except StripeDeclined as declined:
        await _keep_declined(attempt, connection, declined)
        raise
    row = await attempt.keep(connection, INTENT, raw, asked_at)
    return _made(attempt, connection, row, raw)


def stripe_money(amount: Decimal | None, minor: int | None, currency: str) -> Money:
    """Return the money of a request; ValidationFailed if Stripe can't move such an amount."""
    try:
        money = read_amount(amount, minor, currency)
        to_stripe(money.minor, currency)
    except InvalidAmount as error:
        raise ValidationFailed.at("/amount", "invalid_amount", str(error)) from error
    if money.minor <= 0:
        raise ValidationFailed.at("/amount", "invalid_amount", "The amount is above 0.")
    return money


async def _check_invoice(scope: Scope, id: InvoiceId, total: Money) -> None:
    """Several payments may be under way for one invoice: only what is open now counts."""
    invoice = await payable(scope, id)
    if invoice is None:
        raise ValidationFailed.at(
            "/invoice_id", "unknown_reference", "There is no such thing here."
        )
    if invoice.kind != "invoice" or invoice.status in {"paid", "void"}:
        raise InvoiceNotPayable(f"The {invoice.kind} is {invoice.status}.")
    if invoice.currency != total.currency:
        raise ValidationFailed.at(
            "/currency", "currency_mismatch", f"The invoice is in {invoice.currency}."
        )
    if invoice.open_minor < total.minor:
        left = Money(invoice.open_minor, invoice.currency)
        raise ValidationFailed.at(
            "/amount", "more_than_open", f"Only {left} {left.currency} of the invoice is open."
        )


def _params(request: PaymentRequest, total: Money) -> Params:
    passed = {name: getattr(request, name) for name in _PASSED_ON}
    return {
        "amount": to_stripe(total.minor, total.currency),
        "currency": total.currency.lower(),
        **{name: value for name, value in passed.items() if value is not None},
        **_methods(request),
        **({"capture_method": "manual"} if request.capture_method == "manual" else {}),
        **({"confirm": True} if request.confirm else {}),
        **({"off_session": True} if request.off_session else {}),
        "metadata": {**request.metadata, **_ours(request.invoice_id)},
    }


def _methods(request: PaymentRequest) -> Mapping[str, Any]:
    """What redirects the payer is left out where nobody says where to come back to."""
    if request.payment_method_types:
        return {}
    nowhere = request.confirm and request.return_url is None
    redirects = {"allow_redirects": "never"} if nowhere else {}
    return {"automatic_payment_methods": {"enabled": True, **redirects}}


def _ours(invoice_id: InvoiceId | None) -> Mapping[str, str]:
    return {INVOICE_KEY: public_id(PREFIXES[InvoiceId], invoice_id)} if invoice_id else {}


async def _keep_declined(
    attempt: Attempt, connection: StripeConnection, declined: StripeDeclined
) -> None:
    """The payment is there all the same, and names its failure."""
    if declined.payment_intent:
        row = await attempt.refetch(connection, INTENT, declined.payment_intent)
        declined.payment_id = public_id(StripePayment.prefix, row.id)


def _made(
    attempt: Attempt, connection: StripeConnection, row: StripePayment, raw: Raw
) -> PaymentMade:
    connected = connection.type == "connect"
    return PaymentMade(
        **dict(payment_answer(row)),
        client_secret=raw["client_secret"],
        publishable_key=attempt.stripes.publishable_key if connected else None,
        stripe_account=connection.account_id if connected else None,
        next_action_details=raw["next_action"],
    )


async def capture_payment(
    attempt: Attempt, id: PaymentId, request: CaptureRequest
) -> PaymentAnswer:
    row, connection = await payment_of(attempt, id)
    params = part(row, request.amount, request.amount_minor, "amount_to_capture")
    return payment_answer(await attempt.act(connection, INTENT, row.stripe_id, "capture", params))


async def cancel_payment(attempt: Attempt, id: PaymentId, request: CancelRequest) -> PaymentAnswer:
    row, connection = await payment_of(attempt, id)
    params = {"cancellation_reason": request.reason} if request.reason else {}
    return payment_answer(await attempt.act(connection, INTENT, row.stripe_id, "cancel", params))


async def payment_of(attempt: Attempt, id: PaymentId) -> tuple[StripePayment, StripeConnection]:
    async with attempt.database.scope(attempt.tenant_id) as scope:
        payments = PaymentRepository(scope)
        row = await payments.get(id)
        return row, await payments.connection_of(row)


def part(payment: StripePayment, amount: Decimal | None, minor: int | None, name: str) -> Params:
    """Return Stripe's parameter `name` for a part of the payment; nothing for all of it."""
    if amount is None and minor is None:
        return {}
    money = stripe_money(amount, minor, payment.currency)
    return {name: to_stripe(money.minor, money.currency)}
