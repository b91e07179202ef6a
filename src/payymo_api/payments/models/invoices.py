from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from payymo_api.core.types import StripeInvoiceId
from payymo_api.payments.models.mirrored import Mirrored


class StripeInvoice(Mirrored):
    """An invoice at Stripe, with the PaymentIntents that pay it (Stripe's ids).

    Once it is finalised, reconciliation keeps a document for it (`inv_…`, source `stripe`).
    """

    __tablename__ = "stripe_invoices"
    __further__ = (
        Index("ix_stripe_invoices_created", "tenant_id", "stripe_created_at", "id"),
        Index("ix_stripe_invoices_customer", "tenant_id", "customer"),
        Index("ix_stripe_invoices_subscription", "tenant_id", "subscription"),
    )
    prefix = "sinv"

    id: Mapped[StripeInvoiceId] = mapped_column(primary_key=True, sort_order=-9)
    status: Mapped[str]
    number: Mapped[str | None]
    customer: Mapped[str | None]
    customer_name: Mapped[str | None]
    customer_email: Mapped[str | None]
    subscription: Mapped[str | None]
    billing_reason: Mapped[str | None]
    collection_method: Mapped[str]
    description: Mapped[str | None]
    currency: Mapped[str]
    total_minor: Mapped[int]
    amount_due_minor: Mapped[int]
    amount_paid_minor: Mapped[int]
    amount_remaining_minor: Mapped[int]
    amount_off_stripe_minor: Mapped[int]
    payment_intents: Mapped[list[str]]
    period_start: Mapped[datetime]
    period_end: Mapped[datetime]
    due_at: Mapped[datetime | None]
    finalized_at: Mapped[datetime | None]
    paid_at: Mapped[datetime | None]
    voided_at: Mapped[datetime | None]
    next_attempt_at: Mapped[datetime | None]
    hosted_url: Mapped[str | None]
    pdf_url: Mapped[str | None]
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata")
