from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import and_, or_

from payymo_api.core.fields import Paging
from payymo_api.core.page import Keyset, Page, decode
from payymo_api.core.repository import TenantRepository
from payymo_api.core.types import DeliveryId, EndpointId
from payymo_api.webhooks.models import WebhookAttempt, WebhookDelivery
from payymo_api.webhooks.schemas.deliveries import AttemptFilters

_SUCCEEDED = WebhookAttempt.status_code.between(200, 299)
_FAILED = or_(WebhookAttempt.status_code.is_(None), ~_SUCCEEDED)


class AttemptRepository(TenantRepository[WebhookAttempt]):
    """Attempts are found by their delivery only: another index would cost each of them."""

    model = WebhookAttempt
    by_number = Keyset[WebhookAttempt](
        (WebhookAttempt.number,), lambda row: (row.number,), (int,), descending=False
    )
    by_delivery = Keyset[WebhookAttempt](
        (WebhookDelivery.id, WebhookAttempt.number),
        lambda row: (row.delivery_id, row.number),
        (UUID, int),
    )

    async def all_of_delivery(self, id: DeliveryId) -> Sequence[WebhookAttempt]:
        statement = self.select().where(WebhookAttempt.delivery_id == id)
        return (await self._session.scalars(statement.order_by(WebhookAttempt.number))).all()

    async def of_delivery(self, id: DeliveryId, paging: Paging) -> Page[WebhookAttempt]:
        statement = self.select().where(WebhookAttempt.delivery_id == id)
        return await self.by_number.page(self._session, statement, paging.cursor, paging.limit)

    async def of_endpoint(self, id: EndpointId, filters: AttemptFilters) -> Page[WebhookAttempt]:
        """The newest delivery's come first, and of one delivery the last."""
        delivery = and_(
            WebhookDelivery.tenant_id == WebhookAttempt.tenant_id,
            WebhookDelivery.id == WebhookAttempt.delivery_id,
        )
        statement = self.select().join(WebhookDelivery, delivery)
        statement = statement.where(
            WebhookDelivery.tenant_id == self._tenant_id, WebhookDelivery.endpoint_id == id
        )
        if filters.succeeded is not None:
            statement = statement.where(_SUCCEEDED if filters.succeeded else _FAILED)
        if filters.cursor:
            newest = decode(filters.cursor, self.by_delivery.types)[0]
            statement = statement.where(WebhookDelivery.id <= newest)
        return await self.by_delivery.page(self._session, statement, filters.cursor, filters.limit)
