import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import pytest

from payymo_api.core.db import Database
from payymo_api.core.errors import Overloaded
from payymo_api.core.types import TenantId, parse_public_id
from tests.invoicing.factories import make_customer

LOCK = "SELECT id FROM customers WHERE tenant_id = $1 AND id = $2 FOR UPDATE"


@pytest.mark.parametrize("kind", ["scope", "write_scope"])
async def test_a_deadlock_ends_as_a_refusal_to_try_again(
    kind: str, client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    """One of the two is undone by PostgreSQL; the same may succeed at once."""
    ids = [parse_public_id("cust", (await make_customer(client))["id"]) for _ in range(2)]
    open_scope: Callable[[TenantId], AbstractAsyncContextManager[Any]] = getattr(database, kind)
    both = asyncio.Barrier(2)

    async def lock(first: object, second: object) -> None:
        async with open_scope(tenant_id) as scope:
            await scope.fetch(LOCK, tenant_id, first)
            await both.wait()
            await scope.fetch(LOCK, tenant_id, second)

    ended = await asyncio.gather(lock(*ids), lock(*reversed(ids)), return_exceptions=True)

    (refused,) = [each for each in ended if each is not None]
    assert isinstance(refused, Overloaded)
    assert (refused.code, refused.retry_after) == ("overloaded", 1)


async def test_a_lock_that_does_not_come_ends_as_a_refusal_to_try_again(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    id = parse_public_id("cust", (await make_customer(client))["id"])

    async def lock() -> None:
        async with database.scope(tenant_id) as scope:
            await scope.fetch("SET LOCAL lock_timeout = 50")
            await scope.fetch(LOCK, tenant_id, id)

    async with database.scope(tenant_id) as holder:
        await holder.fetch(LOCK, tenant_id, id)
        with pytest.raises(Overloaded):
            await lock()
