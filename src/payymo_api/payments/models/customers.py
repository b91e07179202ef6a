from typing import Any

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from payymo_api.core.types import StripeCustomerId
from payymo_api.payments.models.mirrored import Mirrored


class StripeCustomer(Mirrored):
    """`balance_minor`: below zero, credit that pays the next invoices; above, owed with them."""

    __tablename__ = "stripe_customers"
    __further__ = (
        Index("ix_stripe_customers_created", "tenant_id", "stripe_created_at", "id"),
        Index("ix_stripe_customers_email", "tenant_id", "email"),
    )
    prefix = "scus"

    id: Mapped[StripeCustomerId] = mapped_column(primary_key=True, sort_order=-9)
    name: Mapped[str | None]
    email: Mapped[str | None]
    phone: Mapped[str | None]
    description: Mapped[str | None]
    currency: Mapped[str | None]
    balance_minor: Mapped[int]
    delinquent: Mapped[bool]
    default_payment_method: Mapped[str | None]
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata")
