from collections.abc import Collection, Iterator
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, CursorResult, select, update

from payymo_api.core.clock import now
from payymo_api.core.page import Keyset, Page
from payymo_api.core.repository import TenantRepository, among
from payymo_api.core.types import EndpointId, later, least_id
from payymo_api.webhooks.models import WebhookDelivery, WebhookLane
from payymo_api.webhooks.repository.events import EVENTS_KEPT, LONGEST, names_of
from payymo_api.webhooks.schemas.deliveries import DeliveryFilters

_ENDED_AT_ONCE = 5000


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

    async def end_some(self, endpoint_id: EndpointId) -> int:
        """End deliveries of an endpoint that is no more; return how many, 0 if none is left."""
        some = (
            select(WebhookDelivery.id)
            .where(
                WebhookDelivery.tenant_id == self._tenant_id,
                WebhookDelivery.endpoint_id == endpoint_id,
                WebhookDelivery.status == "pending",
            )
            .limit(_ENDED_AT_ONCE)
        )
        statement = (
            update(WebhookDelivery)
            .where(WebhookDelivery.tenant_id == self._tenant_id, WebhookDelivery.id.in_(some))
            .values(status="failed", next_attempt_at=None)
        )
        ended = await self._session.execute(statement)
        return cast("CursorResult[Any]", ended).rowcount

    async def held(self, endpoint_ids: Collection[EndpointId]) -> set[EndpointId]:
        """Return those of the endpoints to which nothing is sent now."""
        statement = select(WebhookLane.endpoint_id).where(
            WebhookLane.tenant_id == self._tenant_id,
            among(WebhookLane.endpoint_id, endpoint_ids),
            WebhookLane.is_open.is_(False),
        )
        return set(await self._session.scalars(statement))


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
