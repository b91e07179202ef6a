from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from payymo_api.core.db import TenantOwned
from payymo_api.core.types import AccountId


class SavedMapping(TenantOwned):
    """The mapping that an account's CSV files were last read with, and the columns they had."""

    __tablename__ = "csv_mappings"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "account_id"], ["bank_accounts.tenant_id", "bank_accounts.id"]
        ),
    )

    account_id: Mapped[AccountId] = mapped_column(primary_key=True)
    columns: Mapped[list[str]]
    mapping: Mapped[dict[str, Any]]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
