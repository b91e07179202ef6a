"""A database of the simulation's own beside the worker's, under fake time."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from payymo_api.core.settings import Settings
from tests.conftest import migrate
from tests.servers import drop_database, execute
from tests.simulation import database


@pytest.fixture(scope="session")
async def simulated_url(settings: Settings) -> AsyncIterator[str]:
    url = settings.database_url
    name = f"{url.rpartition('/')[2]}_simulation"
    ours = f"{url.rpartition('/')[0]}/{name}"
    await execute(url, f'CREATE DATABASE "{name}"')
    with ThreadPoolExecutor(1) as thread:  # alembic makes an event loop of its own
        await asyncio.get_running_loop().run_in_executor(thread, migrate, ours)
    await database.prepare(ours)
    yield ours
    await drop_database(url, name)


@pytest.fixture(scope="session")
async def engine(simulated_url: str) -> AsyncIterator[AsyncEngine]:
    made = database.engine(simulated_url)
    yield made
    await made.dispose()


@pytest.fixture(scope="session")
async def eye(simulated_url: str) -> AsyncIterator[asyncpg.Connection]:
    """Sees what is committed, outside of any turn."""
    connection = await asyncpg.connect(simulated_url)
    yield connection
    await connection.close()
