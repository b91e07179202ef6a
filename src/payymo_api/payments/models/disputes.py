from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from payymo_api.core.types import DisputeId
from payymo_api.payments.models.about_payment import AboutPayment


class StripeDispute(AboutPayment):
    """A payer's claim at the bank; `amount_minor` may be a part of the payment."""

    __tablename__ = "stripe_disputes"
    __further__ = (
        Index("ix_stripe_disputes_created", "tenant_id", "stripe_created_at", "id"),
        Index("ix_stripe_disputes_payment", "tenant_id", "connection_id", "payment_intent"),
    )
    prefix = "sdp"

    id: Mapped[DisputeId] = mapped_column(primary_key=True, sort_order=-9)
    status: Mapped[str]
    reason: Mapped[str]
    network_reason_code: Mapped[str | None]
    amount_minor: Mapped[int]
    currency: Mapped[str]
    charge: Mapped[str | None]
    evidence_due_at: Mapped[datetime | None]
    evidence_submitted: Mapped[bool]
