from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from payymo_api.core.db import TenantOwned
from payymo_api.core.types import StripeConnectionId
from payymo_api.tenants.models import Tenant

LIVING = ("active", "error")
"""The statuses of a connection that may reach its account; with `error` Stripe refuses just now."""


class StripeConnection(TenantOwned):
    """Access to a Stripe account in one mode: pending -> active -> error or revoked.

    By the account's own key (sealed), or by Connect with our platform's key. There is one row for
    an account and mode: who connects it again gets the same, so that nothing is kept twice.
    """

    __tablename__ = "stripe_connections"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], [Tenant.tenant_id]),
        CheckConstraint("type IN ('key', 'connect')", name="ck_stripe_connections_type"),
        CheckConstraint(
            "status IN ('pending', 'active', 'error', 'revoked')",
            name="ck_stripe_connections_status",
        ),
        Index("uq_stripe_connections_account", "tenant_id", "account_id", "livemode", unique=True),
        Index("ix_stripe_connections_account", "account_id"),
    )
    prefix = "scon"

    id: Mapped[StripeConnectionId] = mapped_column(primary_key=True)
    type: Mapped[str]
    status: Mapped[str]
    livemode: Mapped[bool]
    account_id: Mapped[str | None]
    account_name: Mapped[str | None]
    country: Mapped[str | None]
    default_currency: Mapped[str | None]
    secret_key: Mapped[bytes | None]
    key_hint: Mapped[str | None]
    reference: Mapped[str | None]
    redirect_url: Mapped[str | None]
    authorization_url: Mapped[str | None]
    error_code: Mapped[str | None]
    error_detail: Mapped[str | None]
    activated_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
    removed_at: Mapped[datetime | None]


class ConnectVisit(TenantOwned):
    """One trip to Stripe Connect's page: the digest of its single-use state."""

    __tablename__ = "connect_visits"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "connection_id"],
            ["stripe_connections.tenant_id", "stripe_connections.id"],
            ondelete="CASCADE",
        ),
        Index("ix_connect_visits_digest", "digest"),
    )

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    connection_id: Mapped[StripeConnectionId]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
