from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from payymo_api.core.types import InvoiceId, PaymentId
from payymo_api.payments.models.mirrored import Mirrored


class StripePayment(Mirrored):
    """A PaymentIntent with its latest charge. Amounts are in ISO 4217's minor units.

    `invoice_id` is what the intent's metadata names: it may be no invoice of ours. `settles_id` and
    `settled_minor` are reconciliation's: the document that the payment settles, and how much of it.
    """

    __tablename__ = "stripe_payments"
    __further__ = (
        Index("ix_stripe_payments_created", "tenant_id", "stripe_created_at", "id"),
        Index("ix_stripe_payments_invoice", "tenant_id", "invoice_id"),
        Index("ix_stripe_payments_settles", "tenant_id", "settles_id"),
        Index("ix_stripe_payments_customer", "tenant_id", "customer"),
        Index("ix_stripe_payments_charge", "tenant_id", "latest_charge"),
        CheckConstraint("settled_minor >= 0", name="ck_stripe_payments_settled"),
    )
    prefix = "sp"

    id: Mapped[PaymentId] = mapped_column(primary_key=True, sort_order=-9)
    status: Mapped[str]
    amount_minor: Mapped[int]
    amount_capturable_minor: Mapped[int]
    amount_received_minor: Mapped[int]
    amount_refunded_minor: Mapped[int]
    currency: Mapped[str]
    disputed: Mapped[bool]
    customer: Mapped[str | None]
    invoice_id: Mapped[InvoiceId | None]
    settles_id: Mapped[InvoiceId | None]
    settled_minor: Mapped[int] = mapped_column(server_default="0")
    description: Mapped[str | None]
    statement_descriptor: Mapped[str | None]
    capture_method: Mapped[str]
    latest_charge: Mapped[str | None]
    payment_method_type: Mapped[str | None]
    payment_method_brand: Mapped[str | None]
    payment_method_last4: Mapped[str | None]
    failure_code: Mapped[str | None]
    decline_code: Mapped[str | None]
    failure_message: Mapped[str | None]
    next_action: Mapped[str | None]
    cancellation_reason: Mapped[str | None]
    canceled_at: Mapped[datetime | None]
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata")
