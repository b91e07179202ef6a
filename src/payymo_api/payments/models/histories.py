from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from payymo_api.core.db import TenantOwned
from payymo_api.core.types import StripeConnectionId


class StripeHistory(TenantOwned):
    """How far one kind of an account's objects is fetched: back in time, from `requested_at`.

    `after` is the object that the walk has come to, made at `oldest`.
    """

    __tablename__ = "stripe_histories"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "connection_id"],
            ["stripe_connections.tenant_id", "stripe_connections.id"],
        ),
    )

    connection_id: Mapped[StripeConnectionId] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    requested_at: Mapped[datetime] = mapped_column(server_default=func.now())
    after: Mapped[str | None]
    oldest: Mapped[datetime | None]
    fetched: Mapped[int] = mapped_column(server_default="0")
    finished_at: Mapped[datetime | None]
