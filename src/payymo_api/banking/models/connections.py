from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from payymo_api.core.db import TenantOwned
from payymo_api.core.types import ConnectionId
from payymo_api.tenants.models import Tenant

FEEDING = ("active", "error")
"""The statuses of a connection whose consent lives; with `error` none of its accounts works."""


class BankConnection(TenantOwned):
    """A consent given to us for a bank: pending -> active -> expired, error or revoked.

    `expiry_notice`: how many days ahead its end was last announced.
    """

    __tablename__ = "bank_connections"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], [Tenant.tenant_id]),
        CheckConstraint(
            "status IN ('pending', 'active', 'expired', 'error', 'revoked')",
            name="ck_bank_connections_status",
        ),
        Index(
            "ix_bank_connections_expires",
            "expires_at",
            postgresql_where=text("status IN ('active', 'error')"),
        ),
    )
    prefix = "bc"

    id: Mapped[ConnectionId] = mapped_column(primary_key=True)
    provider: Mapped[str]
    institution_id: Mapped[str]
    institution: Mapped[dict[str, Any]]
    status: Mapped[str]
    reference: Mapped[str | None]
    redirect_url: Mapped[str]
    history_days: Mapped[int]
    consent_ref: Mapped[str | None]
    authorization_url: Mapped[str | None]
    expires_at: Mapped[datetime | None]
    expiry_notice: Mapped[int | None]
    activated_at: Mapped[datetime | None]
    error_code: Mapped[str | None]
    error_detail: Mapped[str | None]
    last_synced_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
    removed_at: Mapped[datetime | None]


class ConsentVisit(TenantOwned):
    """One trip to the bank: the digest of its single-use state, and the consent asked for.

    `arrivals`: the accounts read so far, so that a second try spends no call on them again.
    """

    __tablename__ = "consent_visits"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "connection_id"],
            ["bank_connections.tenant_id", "bank_connections.id"],
            ondelete="CASCADE",
        ),
        Index("ix_consent_visits_digest", "digest"),
    )

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    connection_id: Mapped[ConnectionId]
    consent_ref: Mapped[str | None]
    arrivals: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
