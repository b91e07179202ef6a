"""Where a bank line's money comes from, down to the invoices; and where a payment's money went."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from payymo_api.banking.models import Transaction
from payymo_api.banking.repository import TransactionRepository
from payymo_api.core.db import Scope
from payymo_api.core.fields import Paging, money_fields
from payymo_api.core.money import Money
from payymo_api.core.types import InvoiceId, PaymentId, PayoutId, TransactionId
from payymo_api.invoicing.repository import InvoiceRepository
from payymo_api.payments.models import BalanceTransaction, Payout, StripePayment
from payymo_api.payments.repository.payments import PaymentRepository
from payymo_api.reconciliation.models import Allocation
from payymo_api.reconciliation.repository.trace import Rows, Trace
from payymo_api.reconciliation.schemas import MoneySum
from payymo_api.reconciliation.schemas.trace import (
    CategorySum,
    LineTrace,
    OriginTrace,
    TracedInvoice,
    TracedLine,
    TracedMatch,
    TracedPart,
    TracedPayment,
    TracedPayout,
)
from payymo_api.reconciliation.service.news import document_id


async def from_line(scope: Scope, id: TransactionId, paging: Paging) -> LineTrace:
    line, trace = await TransactionRepository(scope).get(id), Trace(scope)
    matches = await trace.of_line(id)
    payouts = {PayoutId(row.payout_id) for row in matches if row.payout_id}
    page = await trace.parts(payouts, paging.cursor, paging.limit)
    payments = await trace.payments({row.payment_id for row in page.rows if row.payment_id})
    return LineTrace(
        transaction=_line(line),
        matches=[_match(row) for row in matches],
        payouts=await _payouts(trace, payouts),
        data=[_part(row) for row in page.rows],
        payments=await _payments(trace, payments),
        has_more=page.next_cursor is not None,
        next_cursor=page.next_cursor,
    )


async def from_payment(scope: Scope, id: PaymentId) -> OriginTrace:
    await PaymentRepository(scope).get(id)
    return await _back(Trace(scope), [id], [])


async def from_invoice(scope: Scope, id: InvoiceId) -> OriginTrace:
    await InvoiceRepository(scope).get(id)
    trace = Trace(scope)
    return await _back(trace, await trace.payments_of(id), [id])


async def _back(
    trace: Trace, payment_ids: Sequence[PaymentId], invoices: Sequence[InvoiceId]
) -> OriginTrace:
    payments = await trace.payments(payment_ids)
    parts = await trace.parts_of(payments)
    payouts = {row.payout_id for row in parts if row.payout_id}
    matches = await trace.of_documents(payouts, invoices)
    lines = await trace.lines({row.transaction_id for row in matches})
    return OriginTrace(
        payments=await _payments(trace, payments),
        parts=[_part(row) for row in parts],
        payouts=await _payouts(trace, payouts),
        matches=[_match(row) for row in matches],
        transactions=[_line(row) for row in lines],
    )


async def _payouts(trace: Trace, ids: Iterable[PayoutId]) -> list[TracedPayout]:
    known = set(ids)
    sums, invoiced = await trace.sums(known), await trace.invoiced(known)
    return [_payout(row, sums, invoiced) for row in await trace.payouts(known)]


async def _payments(trace: Trace, rows: Sequence[StripePayment]) -> list[TracedPayment]:
    invoices = await trace.invoices({row.id for row in rows})
    return [_payment(row, invoices) for row in rows]


def _line(row: Transaction) -> TracedLine:
    return TracedLine(
        transaction_id=row.id,
        account_id=row.account_id,
        booked_on=row.booked_on,
        description=row.description,
        settled_minor=row.settled_minor,
        **money_fields(Money(row.amount_minor, row.currency)),
    )


def _match(row: Allocation) -> TracedMatch:
    document = row.invoice_id or row.payout_id or row.credit_id
    assert document is not None
    return TracedMatch.model_validate(
        {
            "match_id": row.match_id,
            "transaction_id": row.transaction_id,
            "document_type": row.document_type,
            "document_id": document_id(row.document_type, document),
            **money_fields(Money(row.amount_minor, row.currency)),
        }
    )


def _payout(row: Payout, sums: Rows, invoiced: Rows) -> TracedPayout:
    return TracedPayout.model_validate(
        {
            **_named(row, TracedPayout),
            "payout_id": row.id,
            **money_fields(Money(row.amount_minor, row.currency)),
            "sums": [_category(each) for each in sums if each.payout_id == row.id],
            "invoiced": [_invoiced(each) for each in invoiced if each.payout_id == row.id],
        }
    )


def _category(row: Any) -> CategorySum:  # noqa: ANN401  a row of `Trace.sums`
    return CategorySum.model_validate(
        {"reporting_category": row.reporting_category, "count": row.count, **_amounts(row)}
    )


def _invoiced(row: Any) -> MoneySum:  # noqa: ANN401  a row of `Trace.invoiced`
    return MoneySum(count=row.count, **money_fields(Money(row.amount_minor, row.currency)))


def _part(row: BalanceTransaction) -> TracedPart:
    return TracedPart.model_validate(
        {**_named(row, TracedPart), "balance_transaction_id": row.id, **_amounts(row)}
    )


def _payment(row: StripePayment, invoices: Rows) -> TracedPayment:
    return TracedPayment.model_validate(
        {
            **_named(row, TracedPayment),
            "payment_id": row.id,
            **money_fields(Money(row.amount_minor, row.currency)),
            "invoices": [_invoice(each) for each in invoices if each.payment_id == row.id],
        }
    )


def _invoice(row: Any) -> TracedInvoice:  # noqa: ANN401  a row of `Trace.invoices`
    return TracedInvoice(
        invoice_id=row.invoice_id,
        number=row.number,
        **money_fields(Money(row.amount_minor, row.currency)),
    )


def _named(row: object, answer: type[Any]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in answer.model_fields if hasattr(row, name)}


def _amounts(row: Any) -> Mapping[str, Any]:  # noqa: ANN401  a row with the three amounts
    return {
        **money_fields(Money(row.amount_minor, row.currency)),
        "fee": Money(row.fee_minor, row.currency).decimal(),
        "fee_minor": row.fee_minor,
        "net": Money(row.net_minor, row.currency).decimal(),
        "net_minor": row.net_minor,
    }
