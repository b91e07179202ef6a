"""Outbox and inbox: the truth about what has happened and what is still to be done about it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from payymo_api.core.db import TenantOwned
from payymo_api.core.types import EventId


class Leased(TenantOwned):
    """A row that one holder has at a time: a queue, or a worker (`messaging.leases`).

    `leased_until` is the longest that it may keep the row without a sign of life; `issues` counts
    the jobs made for the row.
    """

    __abstract__ = True

    leased_until: Mapped[datetime | None]
    leased_by: Mapped[int | None]
    issues: Mapped[int] = mapped_column(server_default="0")


class OutboxEvent(Leased):
    """A committed fact. Its job is due until `done_at`; `attempts` counts the tries that failed.

    A public one gets its `sequence` (per tenant, no gaps) and its `body` (the bytes every endpoint
    receives) from the relay, after commit. `erased_at`: its data was taken out of all of these.
    """

    __tablename__ = "outbox_events"
    __table_args__ = (
        Index("ix_outbox_events_due", "due_at", postgresql_where=text("done_at IS NULL")),
        Index(
            "ix_outbox_events_done",
            "done_at",
            postgresql_where=text("done_at IS NOT NULL AND body IS NULL"),
        ),
        Index(
            "ix_outbox_events_told",
            "done_at",
            postgresql_where=text("done_at IS NOT NULL AND body IS NOT NULL"),
        ),
        Index(
            "uq_outbox_events_sequence",
            "tenant_id",
            "sequence",
            unique=True,
            postgresql_where=text("sequence IS NOT NULL"),
        ),
        Index(
            "ix_outbox_events_unsequenced",
            "tenant_id",
            "id",
            postgresql_where=text("data IS NOT NULL AND sequence IS NULL"),
        ),
    )
    prefix = "evt"

    id: Mapped[EventId] = mapped_column(primary_key=True)
    name: Mapped[str]
    payload: Mapped[dict[str, Any]]
    data: Mapped[str | None]
    sequence: Mapped[int | None]
    body: Mapped[bytes | None]
    occurred_at: Mapped[datetime] = mapped_column(server_default=func.now())
    due_at: Mapped[datetime] = mapped_column(server_default=func.now())
    attempts: Mapped[int] = mapped_column(server_default="0")
    done_at: Mapped[datetime | None]
    error: Mapped[str | None]
    erased_at: Mapped[datetime | None]


class EventCounter(TenantOwned):
    """The last sequence number given to a tenant's public events."""

    __tablename__ = "event_counters"

    last: Mapped[int]


class InboxMessage(Leased):
    """A provider's message, kept once: its connection and the provider's own id name it.

    Its body is not kept; `subject` names what is to be asked for anew. One job serves all messages
    that await the same; it is due until `done_at`, and a message without a subject has none.
    """

    __tablename__ = "inbox_messages"
    __table_args__ = (
        Index("uq_inbox_messages_message", "tenant_id", "connection_id", "message_id", unique=True),
        Index("ix_inbox_messages_due", "due_at", postgresql_where=text("done_at IS NULL")),
        Index(
            "ix_inbox_messages_subject",
            "tenant_id",
            "connection_id",
            "subject",
            postgresql_where=text("done_at IS NULL"),
        ),
        Index("ix_inbox_messages_received", "received_at", postgresql_using="brin"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    source: Mapped[str]
    connection_id: Mapped[UUID]
    message_id: Mapped[str]
    type: Mapped[str]
    subject: Mapped[str]
    received_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    due_at: Mapped[datetime] = mapped_column(server_default=func.now())
    attempts: Mapped[int] = mapped_column(server_default="0")
    done_at: Mapped[datetime | None]
    error: Mapped[str | None]
