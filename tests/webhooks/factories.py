"""Endpoints and events as callers and features make them."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from payymo_api.banking.events import (
    TransactionCreated,
    TransactionsCategorised,
    TransactionsImported,
    TransactionUpdated,
)
from payymo_api.core.db import Database
from payymo_api.core.types import TenantId
from payymo_api.messaging import outbox
from tests.events import data_of

ENDPOINTS = "/api/v1/webhook_endpoints"
DELIVERIES = "/api/v1/webhook_deliveries"
EVENTS = "/api/v1/events"
DATA = data_of("transaction.created")
_ID = re.compile(r'"tr_[0-9a-v]{26}"')


def about(number: int) -> str:
    """Return what `transaction.created` says of this one of several transactions."""
    return _ID.sub(f'"tr_{number:026}"', DATA)


async def endpoint(client: httpx.AsyncClient, url: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401  any JSON
    answer = await client.post(ENDPOINTS, json={"url": url, "event_types": ["*"]} | fields)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def happen(
    database: Database, tenant_id: TenantId, *, data: str = DATA, each_line: bool = False
) -> None:
    async with database.scope(tenant_id) as scope:
        await outbox.record(scope, TransactionCreated(data=data, each_line=each_line))


async def import_lines(database: Database, tenant_id: TenantId) -> None:
    """What an import announces: each line for those who want that, and the summary."""
    async with database.scope(tenant_id) as scope:
        await outbox.record(
            scope,
            TransactionCreated(data=DATA, each_line=True),
            TransactionCreated(data=DATA, each_line=True),
            TransactionsImported(data=data_of("transactions.imported")),
        )


async def apply_rules(database: Database, tenant_id: TenantId) -> None:
    """What category rules applied to the past announce."""
    async with database.scope(tenant_id) as scope:
        await outbox.record(
            scope,
            TransactionUpdated(data=DATA, each_line=True),
            TransactionsCategorised(data=data_of("transactions.categorised")),
        )


async def until(fact: Callable[[], Awaitable[bool]], seconds: float = 30) -> None:
    """Wait for a fact to become true; TimeoutError if it never does."""
    async with asyncio.timeout(seconds):
        while not await fact():  # noqa: ASYNC110  the fact is in a database
            await asyncio.sleep(0.02)


async def received(bodies: list[bytes], count: int) -> None:
    async def enough() -> bool:
        return len(bodies) >= count

    await until(enough)
