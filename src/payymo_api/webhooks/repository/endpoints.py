from uuid import UUID

from payymo_api.core.page import Keyset, Page
from payymo_api.core.repository import TenantRepository
from payymo_api.core.types import EndpointId
from payymo_api.webhooks.models import WebhookEndpoint


class EndpointRepository(TenantRepository[WebhookEndpoint]):
    model = WebhookEndpoint
    by_id = Keyset[WebhookEndpoint]((WebhookEndpoint.id,), lambda row: (row.id,), (UUID,))

    async def page(self, cursor: str | None, limit: int) -> Page[WebhookEndpoint]:
        return await self.by_id.page(self._session, self.select(), cursor, limit)

    async def locked(self, id: EndpointId) -> WebhookEndpoint | None:
        statement = self.select().where(WebhookEndpoint.id == id)
        statement = statement.with_for_update(key_share=True)
        return await self._session.scalar(statement.execution_options(populate_existing=True))

    async def shared(self, id: EndpointId) -> WebhookEndpoint | None:
        """Read the row anew, and keep others from changing it until the transaction ends."""
        statement = self.select().where(WebhookEndpoint.id == id).with_for_update(read=True)
        return await self._session.scalar(statement.execution_options(populate_existing=True))
