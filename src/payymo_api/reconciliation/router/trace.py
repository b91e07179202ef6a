from typing import Annotated

from fastapi import Query

from payymo_api.core.fields import Paging
from payymo_api.core.refs import (
    InvoiceRef,
    PaymentRef,
    TransactionRef,
)
from payymo_api.edge.route import api_router
from payymo_api.edge.scope import ScopeDep
from payymo_api.reconciliation.schemas.trace import LineTrace, OriginTrace
from payymo_api.reconciliation.service import (
    tracing,
)

router = api_router("/reconciliation", "reconciliation")


@router.get("/trace/{transaction_id}")
async def trace_transaction(
    scope: ScopeDep, transaction_id: TransactionRef, paging: Annotated[Paging, Query()]
) -> LineTrace:
    """Trace a bank line: to payouts, what they are made of, the payments and their invoices.

    `data` is paged by `limit` and `cursor`; the sums are of everything on every page.
    """
    return await tracing.from_line(scope, transaction_id, paging)


@router.get("/trace/payments/{payment_id}")
async def trace_payment(scope: ScopeDep, payment_id: PaymentRef) -> OriginTrace:
    """Trace a Stripe payment: its invoices, the payouts that it is in, and their bank lines."""
    return await tracing.from_payment(scope, payment_id)


@router.get("/trace/invoices/{invoice_id}")
async def trace_invoice(scope: ScopeDep, invoice_id: InvoiceRef) -> OriginTrace:
    """Trace what pays an invoice: Stripe payments down to their bank lines, and lines directly."""
    return await tracing.from_invoice(scope, invoice_id)
