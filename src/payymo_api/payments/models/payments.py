from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ColumnElement, Index, cast, func, select
from sqlalchemy.orm import Mapped, column_property, declared_attr, mapped_column

from payymo_api.core.types import InvoiceId, PaymentId
from payymo_api.payments.models.disputes import StripeDispute
from payymo_api.payments.models.mirrored import Mirrored
from payymo_api.payments.rules.disputes import LOST, TAKEN


def _disputed(payments: type[Mirrored], statuses: Collection[str]) -> ColumnElement[int]:
    total = func.coalesce(cast(func.sum(StripeDispute.amount_minor), BigInteger), 0)
    return (
        select(total)
        .where(
            StripeDispute.tenant_id == payments.tenant_id,
            StripeDispute.connection_id == payments.connection_id,
            StripeDispute.payment_intent == payments.stripe_id,
            StripeDispute.status.in_(sorted(statuses)),
        )
        .correlate_except(StripeDispute)
        .scalar_subquery()
    )


class StripePayment(Mirrored):
    """A PaymentIntent with its latest charge. Amounts are in ISO 4217's minor units.

    `invoice_id` is what the intent's metadata names: it may be no invoice of ours. `settles_id` and
    `settled_minor` are reconciliation's: the document that the payment settles, and how much of it.
    What is disputed is the sum of its disputes, whichever was mirrored first.
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

    @declared_attr
    @classmethod
    def amount_disputed_minor(cls) -> Mapped[int]:
        """What banks hold, or have taken for good."""
        return column_property(_disputed(cls, TAKEN), expire_on_flush=False)

    @declared_attr
    @classmethod
    def amount_lost_minor(cls) -> Mapped[int]:
        return column_property(_disputed(cls, {LOST}), expire_on_flush=False)
