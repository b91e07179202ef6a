"""A database of the simulation's own beside the worker's, under fake time."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from payymo_api.core.settings import Settings
from tests.conftest import migrate
from tests.simulation import database


@pytest.fixture(scope="session")
async def simulated_url(settings: Settings) -> AsyncIterator[str]:
    url = settings.database_url
    name = f"{url.rpartition('/')[2]}_simulation"
    ours = f"{url.rpartition('/')[0]}/{name}"
    await _execute(url, f'CREATE DATABASE "{name}"')
    with ThreadPoolExecutor(1) as thread:  # alembic makes an event loop of its own
        await asyncio.get_running_loop().run_in_executor(thread, migrate, ours)
    await database.prepare(ours)
    yield ours
    await _execute(url, f'DROP DATABASE "{name}" WITH (FORCE)')


async def _execute(url: str, statement: str) -> None:
    """On a connection of its own: other tests of this worker cut what is open."""
    owner = await asyncpg.connect(url)
    await owner.execute(statement)
    await owner.close()


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
