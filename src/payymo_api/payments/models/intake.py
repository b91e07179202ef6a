from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from payymo_api.core.db import TenantOwned
from payymo_api.core.types import StripeConnectionId


class StripeWebhookSecret(TenantOwned):
    """A secret that Stripe signs a connection's own events with, until `expires_at` if it has one.

    `endpoint_ref`: the endpoint at Stripe, where we have made it.
    """

    __tablename__ = "stripe_webhook_secrets"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "connection_id"],
            ["stripe_connections.tenant_id", "stripe_connections.id"],
        ),
        Index("ix_stripe_webhook_secrets_connection", "connection_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    connection_id: Mapped[StripeConnectionId]
    sealed: Mapped[bytes]
    endpoint_ref: Mapped[str | None]
    expires_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class StripeCatchUp(TenantOwned):
    """How far a connection's events are known, and the walk over those that are not.

    All events that Stripe made before `seen_until` are in the inbox. A walk goes back in time from
    `began_at`; `after` is the event that it has come to.
    """

    __tablename__ = "stripe_catch_ups"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "connection_id"],
            ["stripe_connections.tenant_id", "stripe_connections.id"],
        ),
        CheckConstraint(
            "status IN ('queued', 'running', 'done', 'failed')", name="ck_stripe_catch_ups_status"
        ),
        Index("ix_stripe_catch_ups_due", "due_at", postgresql_where=text("due_at IS NOT NULL")),
    )

    connection_id: Mapped[StripeConnectionId] = mapped_column(primary_key=True)
    status: Mapped[str]
    seen_until: Mapped[datetime]
    due_at: Mapped[datetime | None]
    requested_at: Mapped[datetime]
    began_at: Mapped[datetime | None]
    after: Mapped[str | None]
    finished_at: Mapped[datetime | None]
    events_listed: Mapped[int] = mapped_column(server_default="0")
    events_new: Mapped[int] = mapped_column(server_default="0")
    error_code: Mapped[str | None]
    error_detail: Mapped[str | None]
