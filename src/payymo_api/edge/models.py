"""What the edge remembers: answers given under an idempotency key, and tries at foreign objects."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from payymo_api.core.db import TenantOwned
from payymo_api.core.types import IncidentId, TenantId


class IdempotencyKey(TenantOwned):
    """A claim (`claimed_until`, no answer yet) or a kept answer (sealed: it may hold a secret)."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (Index("ix_idempotency_keys_created_at", "created_at"),)

    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[bytes]
    effect_id: Mapped[UUID]
    claimed_until: Mapped[datetime | None]
    status: Mapped[int | None]
    answer: Mapped[bytes | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class SecurityIncident(TenantOwned):
    """Tries in one hour at an object of `tenant_id` by `actor_tenant_id`, who never sees this."""

    __tablename__ = "security_incidents"
    __table_args__ = (UniqueConstraint("tenant_id", "hour", "actor_tenant_id", "object_id"),)
    prefix = "inc"

    id: Mapped[IncidentId] = mapped_column(primary_key=True)
    hour: Mapped[datetime]
    actor_tenant_id: Mapped[TenantId]
    object_id: Mapped[str]
    request: Mapped[str]
    attempts: Mapped[int]
    first_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_at: Mapped[datetime] = mapped_column(server_default=func.now())
