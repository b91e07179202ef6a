"""Invoices at Stripe: drafted with their lines, finalised, sent, paid, voided."""

from contextlib import suppress

from payymo_api.core.errors import PayymoError, ValidationFailed
from payymo_api.core.fields import read_amount
from payymo_api.core.money import InvalidAmount
from payymo_api.core.types import StripeInvoiceId
from payymo_api.payments.errors import InvoiceNotDraft, StripeDeclined, StripeRefused
from payymo_api.payments.gateway import Params, StripeAccount
from payymo_api.payments.repository.billing import StripeInvoiceRepository
from payymo_api.payments.rules.amounts import to_stripe
from payymo_api.payments.schemas.invoices import (
    InvoiceLine,
    PayInvoiceRequest,
    StripeInvoiceAnswer,
    StripeInvoiceRequest,
)
from payymo_api.payments.service import mirror
from payymo_api.payments.service.attempts import Attempt
from payymo_api.payments.service.billing import connection_named, found, given
from payymo_api.payments.service.billing_answers import invoice_answer

INVOICE = "invoice"
_DAYS_UNTIL_DUE = 30


async def create_invoice(attempt: Attempt, request: StripeInvoiceRequest) -> StripeInvoiceAnswer:
    """Make a draft, then all its lines by one call; without its lines it does not stay."""
    lines = [_line(place, each, request.currency) for place, each in enumerate(request.lines)]
    connection = await connection_named(attempt, request.connection_id)
    account = attempt.stripes.of(connection)
    draft = await account.create(INVOICE, _params(request), key=f"{attempt.key}-draft")
    key = f"{attempt.key}-lines"
    try:
        await account.act(INVOICE, draft["id"], "add_lines", {"lines": lines}, key=key)
    except StripeRefused:
        await _discard(account, draft["id"])
        raise
    return invoice_answer(await attempt.refetch(connection, INVOICE, draft["id"]))


async def _discard(account: StripeAccount, stripe_id: str) -> None:
    """Best effort: a draft that stays is empty, and no money is asked for with it."""
    with suppress(PayymoError):
        await account.remove(INVOICE, stripe_id, {})


def _params(request: StripeInvoiceRequest) -> Params:
    sent = request.collection_method == "send_invoice"
    days = _DAYS_UNTIL_DUE if request.days_until_due is None else request.days_until_due
    return given(
        customer=request.customer,
        currency=request.currency.lower(),
        collection_method=request.collection_method,
        days_until_due=days if sent else None,
        auto_advance=request.auto_advance,
        description=request.description,
        metadata=request.metadata or None,
        pending_invoice_items_behavior="exclude",
    )


def _line(place: int, line: InvoiceLine, currency: str) -> Params:
    if line.price is not None:
        return given(
            pricing={"price": line.price}, quantity=line.quantity, description=line.description
        )
    try:
        money = read_amount(line.amount, line.amount_minor, currency)
        amount = to_stripe(money.minor, currency)
    except InvalidAmount as error:
        pointer = f"/lines/{place}/amount"
        raise ValidationFailed.at(pointer, "invalid_amount", str(error)) from error
    return {"amount": amount, "description": line.description}


async def finalize_invoice(attempt: Attempt, id: StripeInvoiceId) -> StripeInvoiceAnswer:
    return await _act(attempt, id, "finalize", {"auto_advance": False})


async def send_invoice(attempt: Attempt, id: StripeInvoiceId) -> StripeInvoiceAnswer:
    return await _act(attempt, id, "send", {})


async def void_invoice(attempt: Attempt, id: StripeInvoiceId) -> StripeInvoiceAnswer:
    return await _act(attempt, id, "void", {})


async def pay_invoice(
    attempt: Attempt, id: StripeInvoiceId, request: PayInvoiceRequest
) -> StripeInvoiceAnswer:
    params = given(
        payment_method=request.payment_method,
        paid_out_of_band=True if request.paid_elsewhere else None,
    )
    return await _act(attempt, id, "pay", params)


async def _act(
    attempt: Attempt, id: StripeInvoiceId, action: str, params: Params
) -> StripeInvoiceAnswer:
    """Act once, then keep the invoice as it is: a refused payment changes it too."""
    row, connection = await found(attempt, StripeInvoiceRepository, id)
    account = attempt.stripes.of(connection)
    try:
        await account.act(INVOICE, row.stripe_id, action, params, key=attempt.key)
    except StripeDeclined:
        await attempt.refetch(connection, INVOICE, row.stripe_id)
        raise
    return invoice_answer(await attempt.refetch(connection, INVOICE, row.stripe_id))


async def delete_invoice(attempt: Attempt, id: StripeInvoiceId) -> None:
    row, connection = await found(attempt, StripeInvoiceRepository, id)
    if row.status != "draft":
        raise InvoiceNotDraft(f"The invoice is {row.status}.")
    asked_at = await attempt.asked_at()
    try:
        await attempt.stripes.of(connection).remove(INVOICE, row.stripe_id, {})
    except StripeRefused as refused:
        if not refused.missing:
            raise
    async with attempt.database.scope(attempt.tenant_id) as scope:
        await mirror.remove(scope, connection, INVOICE, row.stripe_id, asked_at)
