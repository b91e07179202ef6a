from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import override

from payymo_api.core.clock import now
from payymo_api.core.errors import ValidationFailed
from payymo_api.core.page import Keyset, Page
from payymo_api.core.repository import TenantRepository, among
from payymo_api.core.types import EventId, TenantId, least_id
from payymo_api.messaging.models import EventCounter, OutboxEvent
from payymo_api.webhooks.rules.subscriptions import EVERY, covers
from payymo_api.webhooks.schemas.catalogue import EVENT_TYPES
from payymo_api.webhooks.schemas.events import EventFilters

EVENTS_KEPT = timedelta(days=90)
LONGEST = timedelta(hours=1)
"""Longer than any transaction lasts: so far off at the most is the time that an id tells."""
_LAST = 2**63 - 1


def names_of(pattern: str | None) -> list[str]:
    """Return the event types that a pattern covers; all of them without one."""
    return [name for name in EVENT_TYPES if covers(pattern or EVERY, name)]


class EventRepository(TenantRepository[OutboxEvent]):
    """Public events that have their place in the tenant's sequence: for 90 days."""

    model = OutboxEvent
    by_sequence = Keyset[OutboxEvent](
        (OutboxEvent.sequence,), lambda row: (row.sequence or 0,), (int,), descending=False
    )

    @override
    def select(self) -> Select[OutboxEvent]:
        return (
            super()
            .select()
            .where(OutboxEvent.sequence.is_not(None), OutboxEvent.occurred_at > now() - EVENTS_KEPT)
        )

    async def page(self, filters: EventFilters) -> Page[OutboxEvent]:
        statement = self.select()
        if filters.event_type:
            statement = statement.where(OutboxEvent.name.in_(names_of(filters.event_type)))
        if filters.since:
            statement = statement.where(
                OutboxEvent.sequence >= await self.place_of(filters.since),
                OutboxEvent.occurred_at >= filters.since,
            )
        if filters.until:
            statement = statement.where(OutboxEvent.occurred_at <= filters.until)
        if filters.after_sequence:
            statement = statement.where(OutboxEvent.sequence > filters.after_sequence)
        return await self.by_sequence.page(self._session, statement, filters.cursor, filters.limit)

    async def place_of(self, since: datetime) -> int:
        """Return a place in the sequence before which nothing has happened since then.

        Ids tell when events were recorded. What is numbered before the first of them was committed
        earlier, and so happened earlier too.
        """
        since = max(since, now() - EVENTS_KEPT)
        statement = (
            super()
            .select()
            .with_only_columns(OutboxEvent.sequence)
            .where(OutboxEvent.id >= least_id(since - LONGEST), OutboxEvent.sequence.is_not(None))
            .order_by(OutboxEvent.id)
            .limit(1)
        )
        return await self._session.scalar(statement) or _LAST

    async def kept(self, id: EventId) -> OutboxEvent:
        """Return an event that was delivered, a test too."""
        return (await self._session.scalars(super().select().where(OutboxEvent.id == id))).one()

    async def behind(self, sequence: int, limit: int) -> list[tuple[int, str, bytes]]:
        """Return sequence, type and body of the events that come next."""
        statement = (
            self.select()
            .with_only_columns(OutboxEvent.sequence, OutboxEvent.name, OutboxEvent.body)
            .where(OutboxEvent.sequence > sequence)
            .order_by(OutboxEvent.sequence)
            .limit(limit)
        )
        rows = await self._session.execute(statement)
        return [(each.sequence, each.name, each.body) for each in rows]

    async def last_sequence(self) -> int:
        statement = select(EventCounter.last).where(EventCounter.tenant_id == self._tenant_id)
        return await self._session.scalar(statement) or 0

    async def check_known(self, ids: Sequence[EventId], pointer: str) -> None:
        """ValidationFailed (422) at the first of a body's ids that is none of these events."""
        found = await self._session.scalars(
            self.select().where(among(OutboxEvent.id, ids)).with_only_columns(OutboxEvent.id)
        )
        known = set(found)
        for place, id in enumerate(ids):
            if id not in known:
                raise ValidationFailed.at(
                    f"{pointer}/{place}", "unknown_reference", "There is no such thing here."
                )


async def last_sequences(
    session: AsyncSession, tenant_ids: Collection[TenantId]
) -> Mapping[TenantId, int]:
    """Return how far the sequences of these tenants are; `payymo_system` asks."""
    statement = select(EventCounter.tenant_id, EventCounter.last)
    found = await session.execute(statement.where(EventCounter.tenant_id.in_(tenant_ids)))
    return {each.tenant_id: each.last for each in found}
