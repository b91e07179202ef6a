from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Update, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from payymo_api.core.page import Keyset, Page
from payymo_api.core.repository import TenantRepository
from payymo_api.core.types import DeliveryId, EndpointId, EventId, new_id
from payymo_api.messaging.leases import Lease, may_issue, may_take
from payymo_api.messaging.models import OutboxEvent
from payymo_api.webhooks.models import WebhookAttempt, WebhookDelivery
from payymo_api.webhooks.schemas.deliveries import DeliveryFilters

_ROWS_AT_ONCE = 1000


class DeliveryRepository(TenantRepository[WebhookDelivery]):
    model = WebhookDelivery
    by_id = Keyset[WebhookDelivery]((WebhookDelivery.id,), lambda row: (row.id,), (UUID,))

    async def page(self, filters: DeliveryFilters) -> Page[WebhookDelivery]:
        wanted = {
            WebhookDelivery.endpoint_id: filters.endpoint_id,
            WebhookDelivery.event_id: filters.event_id,
            WebhookDelivery.status: filters.status,
            WebhookDelivery.replay_id: filters.replay_id,
        }
        equal = [column == value for column, value in wanted.items() if value is not None]
        statement = self.select().where(*equal, *_made_between(filters))
        if filters.event_type:
            names = names_of(filters.event_type)
            statement = statement.where(WebhookDelivery.event_type.in_(names))
        return await self.by_id.page(self._session, statement, filters.cursor, filters.limit)

    async def locked(self, id: DeliveryId) -> WebhookDelivery | None:
        statement = self.select().where(WebhookDelivery.id == id).with_for_update()
        return await self._session.scalar(statement.execution_options(populate_existing=True))

    async def leased(self, id: DeliveryId, lease: Lease) -> WebhookDelivery | None:
        """Return the delivery, leased; None if it is not (any more) due or somebody is at it."""
        statement = (
            update(WebhookDelivery)
            .where(
                WebhookDelivery.tenant_id == self._tenant_id,
                WebhookDelivery.id == id,
                WebhookDelivery.status == "pending",
                WebhookDelivery.next_attempt_at <= func.now(),
                may_take(WebhookDelivery),
            )
            .values(leased_until=func.now() + lease.time, leased_by=lease.by)
            .returning(WebhookDelivery)
        )
        return await self._session.scalar(statement)

    async def attempts(self, id: DeliveryId) -> Sequence[WebhookAttempt]:
        statement = select(WebhookAttempt).where(
            WebhookAttempt.tenant_id == self._tenant_id, WebhookAttempt.delivery_id == id
        )
        return (await self._session.scalars(statement.order_by(WebhookAttempt.number))).all()

    async def owe(self, event: OutboxEvent, endpoint_ids: Collection[EndpointId]) -> None:
        """Make the deliveries of one event; those that are there already stay as they are."""
        rows = [self._row(event.id, event.name, endpoint_id) for endpoint_id in endpoint_ids]
        if rows:
            await self._session.execute(insert(WebhookDelivery).on_conflict_do_nothing(), rows)

    async def owe_again(
        self, endpoint_id: EndpointId, events: Sequence[tuple[EventId, str]]
    ) -> None:
        """Make the deliveries of many events due for one endpoint, delivered before or not."""
        again: dict[str, Any] = {
            "status": "pending",
            "attempts_before": WebhookDelivery.attempt_count,
            "next_attempt_at": func.now(),
            "leased_until": None,
            "delivered_at": None,
        }
        for start in range(0, len(events), _ROWS_AT_ONCE):
            part = events[start : start + _ROWS_AT_ONCE]
            statement = insert(WebhookDelivery).values(
                [self._row(id, name, endpoint_id) for id, name in part]
            )
            pair = [
                WebhookDelivery.tenant_id,
                WebhookDelivery.event_id,
                WebhookDelivery.endpoint_id,
            ]
            await self._session.execute(
                statement.on_conflict_do_update(index_elements=pair, set_=again)
            )

    async def release_held(self, endpoint_id: EndpointId) -> None:
        """Make due what waited for its endpoint to be enabled."""
        held = self._pending(endpoint_id).where(WebhookDelivery.next_attempt_at.is_(None))
        await self._session.execute(held.values(next_attempt_at=func.now(), leased_until=None))

    async def hold_all(self, endpoint_id: EndpointId) -> None:
        """Let everything open wait until the endpoint is enabled."""
        held = self._pending(endpoint_id).values(next_attempt_at=None, leased_until=None)
        await self._session.execute(held)

    async def give_up_all(self, endpoint_id: EndpointId) -> None:
        """End what is open for an endpoint that was removed."""
        given_up = self._pending(endpoint_id).values(
            status="failed", next_attempt_at=None, leased_until=None
        )
        await self._session.execute(given_up)

    def _pending(self, endpoint_id: EndpointId) -> Update:
        return update(WebhookDelivery).where(
            WebhookDelivery.tenant_id == self._tenant_id,
            WebhookDelivery.endpoint_id == endpoint_id,
            WebhookDelivery.status == "pending",
        )

    def _row(self, event_id: EventId, name: str, endpoint_id: EndpointId) -> dict[str, Any]:
        return {
            "tenant_id": self._tenant_id,
            "id": new_id(),
            "event_id": event_id,
            "event_type": name,
            "endpoint_id": endpoint_id,
        }


async def lease_due(
    session: AsyncSession, life: int, time: timedelta, limit: int
) -> Sequence[WebhookDelivery]:
    """Return deliveries of all tenants that are due, each leased against a second job."""
    due = (
        select(WebhookDelivery.tenant_id, WebhookDelivery.id)
        .where(
            WebhookDelivery.status == "pending",
            WebhookDelivery.next_attempt_at <= func.now(),
            may_issue(WebhookDelivery, life),
        )
        .order_by(WebhookDelivery.next_attempt_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    claimed = (await session.execute(due)).all()
    if not claimed:
        return []
    key = tuple_(WebhookDelivery.tenant_id, WebhookDelivery.id)
    statement = (
        update(WebhookDelivery)
        .where(key.in_([tuple(row) for row in claimed]))
        .values(
            leased_until=func.now() + time,
            leased_by=life,
            issues=WebhookDelivery.issues + 1,
        )
        .returning(WebhookDelivery)
    )
    return (await session.scalars(statement)).all()


def _made_between(filters: DeliveryFilters) -> Iterator[ColumnElement[bool]]:
    """Ids tell when they were made, so that the list begins where the filters do."""
    if filters.since:
        yield WebhookDelivery.created_at >= filters.since
        yield WebhookDelivery.id >= least_id(max(filters.since, now() - EVENTS_KEPT) - LONGEST)
    if filters.until:
        yield WebhookDelivery.created_at <= filters.until
        yield WebhookDelivery.id <= least_id(min(filters.until, now()) + LONGEST)
    if filters.replay_id:
        yield WebhookDelivery.id >= filters.replay_id
        yield WebhookDelivery.id <= later(filters.replay_id, LONGEST)
