from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from payymo_api.core.db import TenantOwned
from payymo_api.core.types import MatchingRunId
from payymo_api.tenants.models import Tenant


class MatchingRun(TenantOwned):
    """A new look at every open line, which somebody asked for; at most one waits.

    `lines`: how many there were to look at when it began.
    """

    __tablename__ = "matching_runs"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], [Tenant.tenant_id]),
        CheckConstraint(
            "status IN ('queued', 'running', 'succeeded')", name="ck_matching_runs_status"
        ),
        Index(
            "uq_matching_runs_queued",
            "tenant_id",
            unique=True,
            postgresql_where=text("status = 'queued'"),
        ),
    )
    prefix = "mrun"

    id: Mapped[MatchingRunId] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(server_default="queued")
    lines: Mapped[int | None]
    requested_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ended_at: Mapped[datetime | None]
