"""What tasks work with, and how each kind of task gets what it needs of it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from payymo_api.banking.service.banks import Banks, open_banks
from payymo_api.core.crypto import Keyring
from payymo_api.core.db import Database
from payymo_api.core.settings import Settings
from payymo_api.core.types import EventId, TenantId
from payymo_api.messaging.presence import Presence
from payymo_api.messaging.work import perform
from payymo_api.payments.service.accounts import Stripes, open_stripes
from payymo_api.webhooks.gateway import Sender
from payymo_api.webhooks.gateway.aiohttp_sender import AiohttpSender


@dataclass(frozen=True, slots=True)
class Tools:
    settings: Settings
    database: Database
    keyring: Keyring
    banks: Banks
    stripes: Stripes
    sender: Sender
    presence: Presence


EventTask = Callable[[Tools, TenantId, dict[str, Any]], Awaitable[None]]
StripeTask = Callable[[Database, Stripes, TenantId, dict[str, Any]], Awaitable[None]]
Task = Callable[[Tools, TenantId, UUID], Awaitable[None]]


@asynccontextmanager
async def open_tools(settings: Settings) -> AsyncIterator[Tools]:
    sender = AiohttpSender.of(settings)
    database = Database.of(settings)
    keyring = Keyring.parse(settings.encryption_keys.get_secret_value())
    banks = open_banks(settings, database, keyring)
    stripes = open_stripes(settings, database, keyring, has_time=True)
    presence = Presence(settings.database_url)
    tools = Tools(settings, database, keyring, banks, stripes, sender, presence)
    try:
        yield tools
    finally:
        await sender.aclose()
        await banks.aclose()
        await stripes.aclose()
        await tools.database.close()


def on_event(act: EventTask) -> Task:
    """A task that gets its event's payload; `perform` keeps the event's lease and books."""

    async def run(tools: Tools, tenant_id: TenantId, id: UUID) -> None:
        async def acting(tenant_id: TenantId, payload: dict[str, Any]) -> None:
            await act(tools, tenant_id, payload)

        await perform(tools.database, acting, tenant_id, EventId(id), tools.presence.number)

    return run


def in_database(act: Callable[[Database, TenantId, dict[str, Any]], Awaitable[None]]) -> EventTask:
    """A task that needs the database only."""

    async def run(tools: Tools, tenant_id: TenantId, payload: dict[str, Any]) -> None:
        await act(tools.database, tenant_id, payload)

    return run


def with_stripe(act: StripeTask) -> EventTask:
    """A task that asks Stripe."""

    async def run(tools: Tools, tenant_id: TenantId, payload: dict[str, Any]) -> None:
        await act(tools.database, tools.stripes, tenant_id, payload)

    return run
