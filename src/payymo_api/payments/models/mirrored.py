from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, func
from sqlalchemy.orm import Mapped, declared_attr, mapped_column
from sqlalchemy.schema import SchemaItem
from typing_extensions import override

from payymo_api.core.db import TenantOwned
from payymo_api.core.types import StripeConnectionId


class Mirrored(TenantOwned):
    """Stripe's object as it was when it was asked for at `asked_at` (PostgreSQL's clock).

    `raw` is what Stripe said, less its secrets; the other columns are read from it. Written by
    `service.mirror` only. `updated_at` moves when something of it changes; `removed_at`: Stripe has
    the object no more.
    """

    __abstract__ = True

    id: Mapped[UUID] = mapped_column(primary_key=True, sort_order=-9)
    connection_id: Mapped[StripeConnectionId] = mapped_column(sort_order=-8)
    stripe_id: Mapped[str] = mapped_column(sort_order=-7)
    asked_at: Mapped[datetime]
    raw: Mapped[dict[str, Any]]
    stripe_created_at: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    removed_at: Mapped[datetime | None]

    __further__: ClassVar[tuple[SchemaItem, ...]] = ()
    """The table's own constraints and indexes, besides those that all have."""

    @declared_attr.directive
    @classmethod
    @override
    def __table_args__(cls) -> tuple[SchemaItem, ...]:
        table: Any = cls.__tablename__
        return (
            ForeignKeyConstraint(
                ["tenant_id", "connection_id"],
                ["stripe_connections.tenant_id", "stripe_connections.id"],
            ),
            Index(f"uq_{table}_stripe_id", "tenant_id", "connection_id", "stripe_id", unique=True),
            *cls.__further__,
        )
