"""Whose a delivery is; as `payymo_system`, before a tenant is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from payymo_api.core.types import StripeConnectionId, TenantId
from payymo_api.payments.models import StripeConnection, StripeWebhookSecret
from payymo_api.payments.models.connections import LIVING


@dataclass(frozen=True, slots=True)
class Receiver:
    """A connection whose events are kept."""

    tenant_id: TenantId
    connection_id: StripeConnectionId
    livemode: bool


@dataclass(frozen=True, slots=True)
class SealedSecret:
    id: UUID
    sealed: bytes
    expires_at: datetime | None


async def receivers_of_account(session: AsyncSession, account_id: str) -> list[Receiver]:
    """The living connections of a connected account: several tenants may have it."""
    statement = select(StripeConnection).where(
        StripeConnection.account_id == account_id,
        StripeConnection.type == "connect",
        StripeConnection.status.in_(LIVING),
    )
    return [_receiver(row) for row in await session.scalars(statement)]


async def receiver_and_secrets(
    session: AsyncSession, connection_id: StripeConnectionId
) -> tuple[Receiver, Sequence[SealedSecret]] | None:
    """The living connection with the secrets that its own endpoint's events are signed with."""
    statement = (
        select(StripeConnection, StripeWebhookSecret)
        .join(
            StripeWebhookSecret,
            (StripeWebhookSecret.tenant_id == StripeConnection.tenant_id)
            & (StripeWebhookSecret.connection_id == StripeConnection.id),
        )
        .where(
            StripeWebhookSecret.connection_id == connection_id,
            StripeConnection.status.in_(LIVING),
        )
        .order_by(StripeWebhookSecret.id.desc())
    )
    rows = (await session.execute(statement)).all()
    if not rows:
        return None
    secrets = [SealedSecret(row.id, row.sealed, row.expires_at) for _, row in rows]
    return _receiver(rows[0][0]), secrets


def _receiver(row: StripeConnection) -> Receiver:
    return Receiver(row.tenant_id, row.id, row.livemode)
