"""Everyone at once, at random: the bounds hold at every moment, and in the end nothing moves."""

import random
from collections.abc import AsyncIterator

import httpx
import pytest

from payymo_api.banking.repository import rollups
from payymo_api.core.db import Database
from payymo_api.core.settings import Settings
from payymo_api.core.types import TenantId
from tests.reconciliation.books import ALWAYS, AT_REST, broken, versions
from tests.reconciliation.storm import Storm


@pytest.fixture
async def wide(settings: Settings) -> AsyncIterator[Database]:
    """The workers' own connections, so many that none of them waits for one."""
    enough = settings.model_copy(update={"database_pool": 60, "database_wait_seconds": 60.0})
    database = Database.of(enough)
    yield database
    await database.close()


async def test_bounds_hold_in_a_storm(
    client: httpx.AsyncClient, wide: Database, tenant_id: TenantId
) -> None:
    storm = Storm(client, wide, tenant_id, random.Random(11))  # noqa: S311  repeatable, no secret
    await storm.prepare(invoices=100, lines=100)

    await storm.rage(workers=12, users=8, acts=25)

    await check_at_rest(storm)


@pytest.mark.fault
async def test_bounds_hold_in_a_hurricane(
    client: httpx.AsyncClient, wide: Database, tenant_id: TenantId
) -> None:
    storm = Storm(client, wide, tenant_id, random.Random(12))  # noqa: S311  repeatable, no secret
    await storm.prepare(invoices=300, lines=300)

    await storm.rage(workers=50, users=20, acts=30)

    await check_at_rest(storm)


async def check_at_rest(storm: Storm) -> None:
    database, tenant_id = storm.database, storm.tenant_id
    await storm.rest()
    assert await broken(database, tenant_id, {**ALWAYS, **AT_REST}) == []
    async with database.scope(tenant_id) as scope:
        assert await rollups.differences(scope) == 0
    await run_again(storm)  # settings hold from now on, what was forgotten does not count any more
    before = await versions(database, tenant_id)
    await run_again(storm)
    assert await versions(database, tenant_id) ^ before == set()


async def run_again(storm: Storm) -> None:
    await storm.run()
    await storm.rest()
