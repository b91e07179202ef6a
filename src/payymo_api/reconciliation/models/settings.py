from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Numeric, func
from sqlalchemy.orm import Mapped, mapped_column

from payymo_api.core.db import TenantOwned
from payymo_api.tenants.models import Tenant


class MatchingSettings(TenantOwned):
    """How a tenant wants to be matched; one without a row has `rules.values.Policy`'s defaults.

    `write_off_limits`: objects of reason, amount_minor and currency.
    """

    __tablename__ = "matching_settings"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], [Tenant.tenant_id]),
        CheckConstraint(
            "least_probability BETWEEN 0 AND 1 AND least_margin BETWEEN 0 AND 1",
            name="ck_matching_settings_thresholds",
        ),
    )

    automatic: Mapped[bool]
    least_probability: Mapped[Decimal] = mapped_column(Numeric(5, 4))
    least_margin: Mapped[Decimal] = mapped_column(Numeric(5, 4))
    write_off_limits: Mapped[list[Any]]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
