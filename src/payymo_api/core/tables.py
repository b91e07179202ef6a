"""What every table is made of."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Text, Uuid, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from payymo_api.core import types as ids
from payymo_api.core.types import TenantId


class Base(DeclarativeBase):
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text(),
        int: BigInteger(),
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        list[Any]: JSONB,
        list[str]: ARRAY(Text()),
        UUID: Uuid(),
        **dict.fromkeys(ids.PREFIXES, Uuid()),
    }


class TenantOwned(Base):
    """A row of one tenant: `tenant_id` leads every key, and row-level security guards the table."""

    __abstract__ = True

    tenant_id: Mapped[TenantId] = mapped_column(primary_key=True, sort_order=-10)


XID = text("(pg_current_xact_id()::text)::bigint")
"""The writing transaction's id, as a bigint: the clock of the change feeds (ADR 0005)."""


class Fed(TenantOwned):
    """A row that `GET …/sync` follows: which transaction made it, and which changed it last."""

    __abstract__ = True

    created_xid: Mapped[int] = mapped_column(server_default=XID)
    changed_xid: Mapped[int] = mapped_column(server_default=XID, onupdate=XID)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
    removed_at: Mapped[datetime | None]
