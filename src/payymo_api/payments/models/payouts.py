from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from payymo_api.core.db import TenantOwned
from payymo_api.core.types import PayoutId
from payymo_api.tenants.models import Tenant


class Payout(TenantOwned):
    """A provider's payout: the document that its bank line settles, whole or not at all."""

    __tablename__ = "payouts"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], [Tenant.tenant_id]),
        CheckConstraint(
            "settled_minor BETWEEN least(amount_minor, 0) AND greatest(amount_minor, 0)",
            name="ck_payouts_settled",
        ),
        Index("uq_payouts_provider_id", "tenant_id", "provider", "provider_id", unique=True),
    )
    prefix = "spo"

    id: Mapped[PayoutId] = mapped_column(primary_key=True)
    provider: Mapped[str]
    provider_id: Mapped[str]
    amount_minor: Mapped[int]
    settled_minor: Mapped[int] = mapped_column(server_default="0")
    currency: Mapped[str]
    status: Mapped[str]
    arrival_on: Mapped[date]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
