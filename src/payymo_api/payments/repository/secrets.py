from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, or_, update

from payymo_api.core.repository import TenantRepository
from payymo_api.core.types import StripeConnectionId
from payymo_api.payments.models import StripeWebhookSecret


class WebhookSecretRepository(TenantRepository[StripeWebhookSecret]):
    model = StripeWebhookSecret

    async def in_force(self, id: StripeConnectionId) -> Sequence[StripeWebhookSecret]:
        """Return the connection's secrets that still sign, newest first."""
        until = StripeWebhookSecret.expires_at
        statement = self.select().where(
            StripeWebhookSecret.connection_id == id, or_(until.is_(None), until > func.now())
        )
        return (
            await self._session.scalars(statement.order_by(StripeWebhookSecret.id.desc()))
        ).all()

    async def end(self, id: StripeConnectionId, at: datetime) -> None:
        """Let the secrets that have no end yet sign until then."""
        await self._session.execute(
            update(StripeWebhookSecret)
            .where(
                StripeWebhookSecret.tenant_id == self._tenant_id,
                StripeWebhookSecret.connection_id == id,
                StripeWebhookSecret.expires_at.is_(None),
            )
            .values(expires_at=at)
        )
