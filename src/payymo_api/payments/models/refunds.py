from typing import Any

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from payymo_api.core.types import RefundId
from payymo_api.payments.models.about_payment import AboutPayment


class StripeRefund(AboutPayment):
    """Money that goes back to the payer. `charge`: Stripe's id of what paid."""

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
    charge: Mapped[str | None]
    balance_transaction: Mapped[str | None]
    reason: Mapped[str | None]
    failure_reason: Mapped[str | None]
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata")
