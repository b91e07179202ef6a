from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from payymo_api.core.types import SubscriptionId
from payymo_api.payments.models.mirrored import Mirrored


class StripeSubscription(Mirrored):
    """`current_period_end` is the first of its items' ends; `items` as `rules.subscriptions`."""

    __tablename__ = "stripe_subscriptions"
    __further__ = (
        Index("ix_stripe_subscriptions_created", "tenant_id", "stripe_created_at", "id"),
        Index("ix_stripe_subscriptions_customer", "tenant_id", "customer"),
    )
    prefix = "ssub"

    id: Mapped[SubscriptionId] = mapped_column(primary_key=True, sort_order=-9)
    status: Mapped[str]
    customer: Mapped[str]
    currency: Mapped[str]
    collection_method: Mapped[str]
    days_until_due: Mapped[int | None]
    description: Mapped[str | None]
    default_payment_method: Mapped[str | None]
    current_period_start: Mapped[datetime]
    current_period_end: Mapped[datetime]
    trial_end: Mapped[datetime | None]
    pause_behavior: Mapped[str | None]
    resumes_at: Mapped[datetime | None]
    cancel_at_period_end: Mapped[bool]
    cancel_at: Mapped[datetime | None]
    canceled_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    latest_invoice: Mapped[str | None]
    items: Mapped[list[Any]]
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata")
