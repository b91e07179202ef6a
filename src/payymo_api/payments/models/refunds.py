from typing import TYPE_CHECKING, Any

from sqlalchemy import Index, select
from sqlalchemy.orm import Mapped, column_property, mapped_column

from payymo_api.core.types import PaymentId, RefundId
from payymo_api.payments.models.mirrored import Mirrored
from payymo_api.payments.models.payments import StripePayment


class StripeRefund(Mirrored):
    """Money that goes back to the payer. `payment_intent`, `charge`: Stripe's ids of what paid."""

    __tablename__ = "stripe_refunds"
    __further__ = (
        Index("ix_stripe_refunds_created", "tenant_id", "stripe_created_at", "id"),
        Index("ix_stripe_refunds_payment", "tenant_id", "payment_intent"),
    )
    prefix = "sre"

    id: Mapped[RefundId] = mapped_column(primary_key=True, sort_order=-9)
    status: Mapped[str]
    amount_minor: Mapped[int]
    currency: Mapped[str]
    payment_intent: Mapped[str | None]
    charge: Mapped[str | None]
    balance_transaction: Mapped[str | None]
    reason: Mapped[str | None]
    failure_reason: Mapped[str | None]
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata")

    if TYPE_CHECKING:
        payment_id: Mapped[PaymentId | None]
        """Read with the row: None while the payment is not known yet."""


StripeRefund.payment_id = column_property(
    select(StripePayment.id)
    .where(
        StripePayment.tenant_id == StripeRefund.tenant_id,
        StripePayment.connection_id == StripeRefund.connection_id,
        StripePayment.stripe_id == StripeRefund.payment_intent,
    )
    .scalar_subquery()
)
