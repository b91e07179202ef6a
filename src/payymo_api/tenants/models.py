from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from payymo_api.core.db import TenantOwned
from payymo_api.core.types import KeyId, TenantId
from payymo_api.edge.caller import Plan


class Tenant(TenantOwned):
    """A company whose money we look after; `parent_id` names its partner, if any."""

    __tablename__ = "tenants"
    __table_args__ = (CheckConstraint("plan IN ('standard', 'premium')", name="ck_tenants_plan"),)
    prefix = "tenant"

    name: Mapped[str]
    plan: Mapped[Plan]
    parent_id: Mapped[TenantId | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ApiKey(TenantOwned):
    """`digest` is the keyed hash; the key itself was shown once and is nowhere."""

    __tablename__ = "api_keys"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenants.tenant_id"], ondelete="CASCADE"),
        Index("ix_api_keys_digest", "digest"),
    )
    prefix = "key"

    id: Mapped[KeyId] = mapped_column(primary_key=True)
    name: Mapped[str]
    hint: Mapped[str]
    digest: Mapped[bytes]
    scopes: Mapped[list[str]]
    per_minute: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
