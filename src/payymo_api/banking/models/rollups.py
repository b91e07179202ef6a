from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from payymo_api.core.db import TenantOwned
from payymo_api.core.types import AccountId


class DailyRollup(TenantOwned):
    """Lines of one kind on one day, counted and added up; removed lines are not in it.

    Rows are only ever added: what a change takes from a cell is a row of its own, negative. The sum
    over a cell's rows is exact at every moment; folding makes one row of them (ADR 0011).
    """

    __tablename__ = "daily_rollups"
    __table_args__ = (
        CheckConstraint("direction IN ('in', 'out', 'zero')", name="ck_daily_rollups_direction"),
        Index("ix_daily_rollups_unfolded", "tenant_id", postgresql_where=text("NOT folded")),
    )

    booked_on: Mapped[date] = mapped_column(primary_key=True)
    account_id: Mapped[AccountId] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("gen_random_uuid()"))
    currency: Mapped[str]
    status: Mapped[str]
    category: Mapped[str | None]
    match_state: Mapped[str]
    direction: Mapped[str]
    lines: Mapped[int]
    amount_minor: Mapped[int]
    folded: Mapped[bool] = mapped_column(server_default=text("false"))
