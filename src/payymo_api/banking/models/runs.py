from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from payymo_api.core.db import TenantOwned
from payymo_api.core.types import AccountId, ConnectionId, RunId


class SyncRun(TenantOwned):
    """One reading of an account (or of a statement file): what came of it.

    At most one is open per account. `started_at` is the fence: a worker that began it later has
    taken it over. `file` is what is told of an import beyond the counts of every run.
    """

    __tablename__ = "sync_runs"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "account_id"], ["bank_accounts.tenant_id", "bank_accounts.id"]
        ),
        CheckConstraint(
            "status IN ('queued', 'running', 'succeeded', 'failed')", name="ck_sync_runs_status"
        ),
        Index("ix_sync_runs_account", "tenant_id", "account_id", "id"),
        Index("ix_sync_runs_connection", "tenant_id", "connection_id", "id"),
        Index(
            "uq_sync_runs_open",
            "tenant_id",
            "account_id",
            unique=True,
            postgresql_where=text("status IN ('queued', 'running')"),
        ),
        Index(
            "ix_sync_runs_imports",
            "tenant_id",
            "id",
            postgresql_where=text("file_digest IS NOT NULL"),
        ),
        Index(
            "ix_sync_runs_file",
            "tenant_id",
            "account_id",
            "file_digest",
            postgresql_where=text("file_digest IS NOT NULL"),
        ),
    )
    prefix = "run"

    id: Mapped[RunId] = mapped_column(primary_key=True)
    account_id: Mapped[AccountId]
    connection_id: Mapped[ConnectionId | None]
    trigger: Mapped[str]
    status: Mapped[str]
    window_from: Mapped[date | None]
    window_to: Mapped[date | None]
    added: Mapped[int] = mapped_column(server_default="0")
    modified: Mapped[int] = mapped_column(server_default="0")
    removed: Mapped[int] = mapped_column(server_default="0")
    paired: Mapped[int] = mapped_column(server_default="0")
    unchanged: Mapped[int] = mapped_column(server_default="0")
    warnings: Mapped[list[Any]] = mapped_column(server_default="[]")
    file: Mapped[dict[str, Any] | None]
    file_digest: Mapped[bytes | None]
    error_code: Mapped[str | None]
    error_detail: Mapped[str | None]
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ended_at: Mapped[datetime | None]
