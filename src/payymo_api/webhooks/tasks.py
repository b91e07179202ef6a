"""What workers do about webhooks. Each may be killed at any point, and do it again."""

import asyncio
from typing import Any
from uuid import UUID

from payymo_api.core.crypto import Keyring
from payymo_api.core.db import Database
from payymo_api.core.types import EndpointId, TenantId
from payymo_api.messaging import relay
from payymo_api.messaging.outbox import CHANNEL
from payymo_api.messaging.presence import Presence
from payymo_api.webhooks.events import ErasureAsked
from payymo_api.webhooks.gateway import Sender
from payymo_api.webhooks.repository import lanes
from payymo_api.webhooks.repository.deliveries import DeliveryRepository
from payymo_api.webhooks.service import erasure
from payymo_api.webhooks.service.dispatch import Dispatcher
from payymo_api.webhooks.service.fan_out import FanOut


class Webhooks:
    """Fans out and delivers until cancelled. Make it before `presence` is kept: it listens."""

    def __init__(
        self, database: Database, keyring: Keyring, sender: Sender, presence: Presence
    ) -> None:
        self._fan_out = FanOut(database)
        self._dispatcher = Dispatcher(database, keyring, sender, presence)
        presence.on(CHANNEL, lambda _: self._fan_out.news.set())
        presence.on(lanes.NEWS, self._dispatcher.held.hear)
        presence.on(lanes.CHANGES, self._dispatcher.held.let_go)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._fan_out.run())
            group.create_task(self._dispatcher.run())


async def end_deliveries(database: Database, tenant_id: TenantId, payload: dict[str, Any]) -> None:
    """End what is owed to an endpoint that was removed, a part in each transaction."""
    endpoint_id = EndpointId(UUID(payload["endpoint_id"]))
    ended = True
    while ended:
        async with database.scope(tenant_id) as scope:
            await relay.hold_numbering(scope)  # a fan-out that still saw the endpoint has committed
            ended = bool(await DeliveryRepository(scope).end_some(endpoint_id))


async def erase_events(database: Database, tenant_id: TenantId, payload: dict[str, Any]) -> None:
    event = ErasureAsked.model_validate(payload)
    await erasure.walk(database, tenant_id, event.erasure_id)
