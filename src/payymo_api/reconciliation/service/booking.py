"""A document in our books for every invoice at Stripe: made once, when it is finalised."""

from collections.abc import Collection

from payymo_api.core.db import Database, Scope
from payymo_api.core.types import StripeInvoiceId, TenantId
from payymo_api.invoicing.rules import SourceStatus
from payymo_api.invoicing.service import sourced
from payymo_api.invoicing.service.sourced import Told
from payymo_api.payments.models import StripeInvoice
from payymo_api.payments.repository import invoices_to_book, payments_of
from payymo_api.reconciliation.service.collecting import STRIPE, settle


async def book(database: Database, tenant_id: TenantId, ids: Collection[StripeInvoiceId]) -> None:
    """Make the documents or bring them up to date; one that is paid is never open to others."""
    async with database.scope(tenant_id) as scope:
        rows = await sourced.make(scope, STRIPE, await _told(scope, ids))
        await sourced.change(scope, rows, await _told(scope, ids))  # what is true under their locks
        await settle(scope, await payments_of(scope, ids))


async def _told(scope: Scope, ids: Collection[StripeInvoiceId]) -> list[Told]:
    return [_document(row) for row in await invoices_to_book(scope, ids)]


def _document(row: StripeInvoice) -> Told:
    assert row.finalized_at is not None
    assert row.customer is not None
    return Told(
        ref=row.stripe_id,
        number=row.number or row.stripe_id,
        customer_ref=row.customer,
        customer_name=row.customer_name or row.customer_email or row.customer,
        customer_email=row.customer_email,
        issued_on=row.finalized_at.date(),
        due_on=row.due_at.date() if row.due_at else None,
        amount_minor=row.amount_due_minor,
        currency=row.currency,
        collection_method=row.collection_method,
        source_status=_source_status(row),
        metadata=row.metadata_,
    )


def _source_status(row: StripeInvoice) -> SourceStatus | None:
    """Return what is more than money: closed, or paid by other means than through Stripe."""
    if row.status == "void":
        return "void"
    if row.status == "uncollectible":
        return "uncollectible"
    is_elsewhere = row.amount_off_stripe_minor > 0 or row.amount_due_minor == 0
    return "paid_elsewhere" if row.status == "paid" and is_elsewhere else None
