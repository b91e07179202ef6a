from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Integer,
    Uuid,
    func,
    literal_column,
    select,
    text,
)
from sqlalchemy.orm import Mapped, column_property, mapped_column

from payymo_api.core.clock import now
from payymo_api.core.db import TenantOwned
from payymo_api.core.types import DeliveryId, EndpointId, ErasureId, EventId, ReplayId
from payymo_api.tenants.models import Tenant
from payymo_api.webhooks.rules import health


class WebhookLane(TenantOwned):
    """What waits for one endpoint, in whose hands it is, and how the endpoint is doing (ADR 21).

    `due_at`: when it is to be taken next; null while nothing waits. While a worker has it
    (`leased_by` is the number of its presence), that is when the lease ends; `leases` counts how
    often it was taken. `is_open`: the endpoint is enabled. `failing_since`: the first failure since
    the last success.
    """

    __tablename__ = "webhook_lanes"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "endpoint_id"], ["webhook_endpoints.tenant_id", "webhook_endpoints.id"]
        ),
        Index("ix_webhook_lanes_due", "due_at", postgresql_where=text("is_open")),
        Index(
            "ix_webhook_lanes_leased",
            "leased_by",
            postgresql_where=text("leased_by IS NOT NULL"),
        ),
    )

    endpoint_id: Mapped[EndpointId] = mapped_column(primary_key=True)
    is_open: Mapped[bool]
    due_at: Mapped[datetime | None]
    leased_until: Mapped[datetime | None]
    leased_by: Mapped[int | None]
    leases: Mapped[int] = mapped_column(server_default="0")
    failing_since: Mapped[datetime | None]
    warned_percent: Mapped[int] = mapped_column(server_default="0")


class WebhookEndpoint(TenantOwned):
    """Where a tenant's events go, which, and how.

    Sealed, and opened by `service.opening` only: `secret` and, during a rotation, the one before,
    the same of `signing_key` (ed25519), and `header_values`. `filter` is JSON text, so that its
    numbers stay exact. `verified_at`: the URL has echoed a challenge. `failing_since`: its lane's.
    """

    __tablename__ = "webhook_endpoints"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], [Tenant.tenant_id]),
        CheckConstraint(
            "status IN ('enabled', 'paused', 'disabled')", name="ck_webhook_endpoints_status"
        ),
        CheckConstraint("ordering IN ('endpoint', 'object')", name="ck_webhook_endpoints_ordering"),
    )
    prefix = "we"

    id: Mapped[EndpointId] = mapped_column(primary_key=True)
    url: Mapped[str]
    event_types: Mapped[list[str]]
    description: Mapped[str | None]
    status: Mapped[str]
    disabled_reason: Mapped[str | None]
    each_line: Mapped[bool]
    filter: Mapped[str] = mapped_column(server_default="[]")
    ordering: Mapped[str | None]
    rate_limit: Mapped[int | None]
    max_concurrency: Mapped[int] = mapped_column(server_default="20")
    retry_schedule: Mapped[list[int] | None] = mapped_column(ARRAY(BigInteger))
    header_names: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    header_values: Mapped[bytes | None]
    secret: Mapped[bytes]
    previous_secret: Mapped[bytes | None]
    previous_secret_until: Mapped[datetime | None]
    signing_key: Mapped[bytes | None]
    previous_signing_key: Mapped[bytes | None]
    public_key: Mapped[str | None]
    verify_ownership: Mapped[bool] = mapped_column(server_default="false")
    verified_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
    removed_at: Mapped[datetime | None]
    failing_since: Mapped[datetime | None] = column_property(
        select(WebhookLane.failing_since)
        .where(
            WebhookLane.tenant_id == literal_column("webhook_endpoints.tenant_id"),
            WebhookLane.endpoint_id == id,
        )
        .correlate_except(WebhookLane)
        .scalar_subquery()
    )

    @property
    def active(self) -> bool:
        """Events are sent to it now."""
        return self.status == "enabled" and self.removed_at is None

    @property
    def enabled(self) -> bool:
        """Not disabled; it may be paused."""
        return self.status != "disabled" and self.removed_at is None

    @property
    def paused(self) -> bool:
        return self.status == "paused"

    @property
    def asymmetric(self) -> bool:
        return self.signing_key is not None

    @property
    def failing_percent(self) -> int | None:
        """How much of the time is over that it may fail; while it is sent nothing, none is."""
        since = self.failing_since
        return health.percent(since, now()) if since and self.active else None

    @property
    def disables_at(self) -> datetime | None:
        since = self.failing_since
        return health.disables_at(since) if since and self.active else None


class WebhookDelivery(TenantOwned):
    """One event owed to one endpoint: once, and once more for each time that it is asked for again.

    Pending until it is delivered or has failed for good; a pending one of an endpoint that is not
    enabled is held. One with an `ordering_key` goes after all earlier ones of the key, by
    `sequence`. `attempts_before` counts the attempts that were made before it was asked for again,
    so that the schedule of retries starts anew.
    """

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "endpoint_id"], ["webhook_endpoints.tenant_id", "webhook_endpoints.id"]
        ),
        ForeignKeyConstraint(
            ["tenant_id", "event_id"],
            ["outbox_events.tenant_id", "outbox_events.id"],
            ondelete="CASCADE",
        ),
        CheckConstraint(
            "status IN ('pending', 'delivered', 'failed')", name="ck_webhook_deliveries_status"
        ),
        Index(
            "uq_webhook_deliveries_event_endpoint",
            "tenant_id",
            "event_id",
            "endpoint_id",
            "replay_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        Index("ix_webhook_deliveries_endpoint", "tenant_id", "endpoint_id", "id"),
        Index(
            "ix_webhook_deliveries_due",
            "tenant_id",
            "endpoint_id",
            "next_attempt_at",
            "id",
            postgresql_where=text("status = 'pending' AND ordering_key IS NULL"),
        ),
        Index(
            "ix_webhook_deliveries_ordered",
            "tenant_id",
            "endpoint_id",
            "sequence",
            "id",
            postgresql_where=text("status = 'pending' AND ordering_key IS NOT NULL"),
        ),
        Index(
            "ix_webhook_deliveries_failed",
            "tenant_id",
            "endpoint_id",
            "sequence",
            postgresql_where=text("status = 'failed'"),
        ),
    )
    prefix = "dlv"

    id: Mapped[DeliveryId] = mapped_column(primary_key=True)
    event_id: Mapped[EventId]
    event_type: Mapped[str]
    sequence: Mapped[int] = mapped_column(server_default="0")
    endpoint_id: Mapped[EndpointId]
    ordering_key: Mapped[str | None]
    replay_id: Mapped[UUID | None]
    status: Mapped[str] = mapped_column(server_default="pending")
    attempt_count: Mapped[int] = mapped_column(server_default="0")
    attempts_before: Mapped[int] = mapped_column(server_default="0")
    next_attempt_at: Mapped[datetime | None] = mapped_column(server_default=func.now())
    delivered_at: Mapped[datetime | None]
    error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class WebhookAttempt(TenantOwned):
    """One try: when, what the endpoint said (its first characters), or why no answer came."""

    __tablename__ = "webhook_attempts"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "delivery_id"],
            ["webhook_deliveries.tenant_id", "webhook_deliveries.id"],
            ondelete="CASCADE",
        ),
    )

    delivery_id: Mapped[DeliveryId] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    status_code: Mapped[int | None]
    error: Mapped[str | None]
    detail: Mapped[str | None]
    answer: Mapped[str | None]
    milliseconds: Mapped[int]
    started_at: Mapped[datetime]


class WebhookHour(TenantOwned):
    """What was sent to an endpoint within an hour of UTC: attempts, and times to answer.

    `milliseconds` is the sum of the times, `buckets` their histogram (`rules.histogram`): of those
    attempts that got an answer, whatever it said.
    """

    __tablename__ = "webhook_hours"
    __table_args__ = (Index("ix_webhook_hours_hour", "hour", postgresql_using="brin"),)

    endpoint_id: Mapped[EndpointId] = mapped_column(primary_key=True)
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    delivered: Mapped[int]
    failed: Mapped[int]
    milliseconds: Mapped[int]
    buckets: Mapped[list[int]] = mapped_column(ARRAY(Integer()))


class WebhookReplay(TenantOwned):
    """Somebody asked an endpoint's events again. `erased`: passed by, since their data is gone."""

    __tablename__ = "webhook_replays"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "endpoint_id"], ["webhook_endpoints.tenant_id", "webhook_endpoints.id"]
        ),
        Index("ix_webhook_replays_created", "created_at", postgresql_using="brin"),
    )
    prefix = "rpl"

    id: Mapped[ReplayId] = mapped_column(primary_key=True)
    endpoint_id: Mapped[EndpointId]
    queued: Mapped[int]
    erased: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class EventErasure(TenantOwned):
    """Events that lose their data: those of `event_ids`, and all that name one of `mentioning`.

    First those that have no number yet (`after_id`: the last looked at), then those up to
    `until_sequence` (`after_sequence`: the last looked at).
    """

    __tablename__ = "event_erasures"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], [Tenant.tenant_id]),
        CheckConstraint(
            "status IN ('queued', 'running', 'succeeded')", name="ck_event_erasures_status"
        ),
    )
    prefix = "era"

    id: Mapped[ErasureId] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(server_default="queued")
    mentioning: Mapped[list[str]]
    event_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()))
    after_id: Mapped[EventId | None]
    until_sequence: Mapped[int | None]
    after_sequence: Mapped[int] = mapped_column(server_default="0")
    checked: Mapped[int] = mapped_column(server_default="0")
    erased: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ended_at: Mapped[datetime | None]
