from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from payymo_api.core.clock import now
from payymo_api.core.repository import TenantRepository
from payymo_api.core.types import StripeConnectionId, TenantId
from payymo_api.messaging.models import InboxMessage
from payymo_api.payments.models import StripeCatchUp


class CatchUpRepository(TenantRepository[StripeCatchUp]):
    model = StripeCatchUp

    async def start(self, id: StripeConnectionId, seen_until: datetime, due_at: datetime) -> None:
        """Make the connection's row; one that is there knows what was seen, and is due at once."""
        row = insert(StripeCatchUp).values(
            tenant_id=self._tenant_id,
            connection_id=id,
            status="done",
            seen_until=seen_until,
            requested_at=now(),
            due_at=due_at,
        )
        await self._session.execute(
            row.on_conflict_do_update(
                index_elements=[StripeCatchUp.tenant_id, StripeCatchUp.connection_id],
                set_={"due_at": now()},
            )
        )

    async def of(self, id: StripeConnectionId) -> StripeCatchUp | None:
        """Return the connection's row, locked until the transaction ends."""
        statement = self.select().where(StripeCatchUp.connection_id == id).with_for_update()
        return await self._session.scalar(statement.execution_options(populate_existing=True))

    async def waiting(self, id: StripeConnectionId) -> int:
        """Return how many of the connection's messages are not dealt with yet."""
        statement = select(func.count()).where(
            InboxMessage.tenant_id == self._tenant_id,
            InboxMessage.connection_id == id,
            InboxMessage.done_at.is_(None),
        )
        return await self._session.scalar(statement) or 0


async def due(session: AsyncSession, limit: int) -> Sequence[tuple[TenantId, StripeConnectionId]]:
    """Connections whose events are to be listed; as `payymo_system`."""
    statement = (
        select(StripeCatchUp.tenant_id, StripeCatchUp.connection_id)
        .where(StripeCatchUp.due_at <= now())
        .order_by(StripeCatchUp.due_at)
        .limit(limit)
    )
    return [(row.tenant_id, row.connection_id) for row in await session.execute(statement)]
