from typing import Annotated

from fastapi import Query

from payymo_api.core.fields import Listing
from payymo_api.core.refs import StripeInvoiceRef
from payymo_api.edge.route import api_router
from payymo_api.edge.scope import ScopeDep
from payymo_api.payments.repository.billing import StripeInvoiceRepository
from payymo_api.payments.router.attempts import DECLINED, AttemptDep
from payymo_api.payments.schemas.invoices import (
    PayInvoiceRequest,
    StripeInvoiceAnswer,
    StripeInvoiceFilters,
    StripeInvoiceRequest,
)
from payymo_api.payments.service import stripe_invoices as service
from payymo_api.payments.service.billing_answers import invoice_answer

router = api_router("/stripe/invoices", "stripe_invoices")


@router.get("")
async def list_stripe_invoices(
    scope: ScopeDep, filters: Annotated[StripeInvoiceFilters, Query()]
) -> Listing[StripeInvoiceAnswer]:
    """List invoices at Stripe, drafts too, the newest there first."""
    page = await StripeInvoiceRepository(scope).page(filters)
    return Listing[StripeInvoiceAnswer].of(page, invoice_answer)


@router.post("", status_code=201)
async def create_stripe_invoice(
    attempt: AttemptDep, request: StripeInvoiceRequest
) -> StripeInvoiceAnswer:
    """Draft an invoice at Stripe. Finalise it, and it becomes a document in /invoices."""
    return await service.create_invoice(attempt, request)


@router.get("/{stripe_invoice_id}")
async def get_stripe_invoice(
    scope: ScopeDep, stripe_invoice_id: StripeInvoiceRef
) -> StripeInvoiceAnswer:
    """Read one invoice, with its lines and what pays it."""
    return invoice_answer(await StripeInvoiceRepository(scope).get(stripe_invoice_id))


@router.delete("/{stripe_invoice_id}", status_code=204)
async def delete_stripe_invoice(attempt: AttemptDep, stripe_invoice_id: StripeInvoiceRef) -> None:
    """Delete a draft; 409 `stripe_invoice_not_draft` for what is finalised: void it."""
    await service.delete_invoice(attempt, stripe_invoice_id)


@router.post("/{stripe_invoice_id}/finalize")
async def finalize_stripe_invoice(
    attempt: AttemptDep, stripe_invoice_id: StripeInvoiceRef
) -> StripeInvoiceAnswer:
    """Number a draft and make it payable; nothing is sent or charged yet."""
    return await service.finalize_invoice(attempt, stripe_invoice_id)


@router.post("/{stripe_invoice_id}/send")
async def send_stripe_invoice(
    attempt: AttemptDep, stripe_invoice_id: StripeInvoiceRef
) -> StripeInvoiceAnswer:
    """Have Stripe send it to the customer; a draft is finalised first."""
    return await service.send_invoice(attempt, stripe_invoice_id)


@router.post("/{stripe_invoice_id}/pay", responses={402: DECLINED})
async def pay_stripe_invoice(
    attempt: AttemptDep, stripe_invoice_id: StripeInvoiceRef, request: PayInvoiceRequest
) -> StripeInvoiceAnswer:
    """Charge it now, 402 if that is declined; or note that it was paid elsewhere."""
    return await service.pay_invoice(attempt, stripe_invoice_id, request)


@router.post("/{stripe_invoice_id}/void")
async def void_stripe_invoice(
    attempt: AttemptDep, stripe_invoice_id: StripeInvoiceRef
) -> StripeInvoiceAnswer:
    """Take an open invoice back for good; its document in /invoices becomes void."""
    return await service.void_invoice(attempt, stripe_invoice_id)
