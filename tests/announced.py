"""Every event that any test makes happen is held to its declaration, after each module of tests."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, Final
from uuid import UUID

import asyncpg
import pytest

from payymo_api.webhooks.schemas.catalogue import EVENT_TYPES
from payymo_api.webhooks.schemas.catalogue.envelope import ENVELOPES
from tests.schemas import faults

_SHOWN: Final = 5
_NEW: Final = """
    SELECT id, name, data, body FROM outbox_events
    WHERE id > $1 AND erased_at IS NULL AND (data IS NOT NULL OR body IS NOT NULL) ORDER BY id
"""
_seen: dict[str, UUID] = {}
"""Database -> the last event that was held to its declaration."""


@pytest.fixture(scope="module", autouse=True)
def announced(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail the module's last test if an event was not as the catalogue declares it."""
    if not any("servers" in each.fixturenames for each in _tests(request)):
        yield
        return
    database_url, _ = request.getfixturevalue("servers")
    yield
    with ThreadPoolExecutor(1) as thread:
        found = thread.submit(asyncio.run, _undeclared(database_url)).result()
    if found:
        pytest.fail("\n".join(f"{name}: {wrong}" for name, wrong in found[:_SHOWN]))


def _tests(request: pytest.FixtureRequest) -> Iterator[pytest.Function]:
    for item in request.session.items:
        if isinstance(item, pytest.Function) and item.module is request.module:
            yield item


async def _undeclared(database_url: str) -> list[tuple[str, list[str]]]:
    last = _seen.get(database_url, UUID(int=0))
    connection = await asyncpg.connect(database_url)
    try:
        async with connection.transaction():
            await connection.execute("SET LOCAL ROLE payymo_system")
            rows = await connection.fetch(_NEW, last)
    finally:
        await connection.close()
    _seen[database_url] = max((row["id"] for row in rows), default=last)
    return [(row["name"], wrong) for row in rows if (wrong := _faults(row))]


def _faults(row: Any) -> list[str]:  # noqa: ANN401  asyncpg's Record
    """What is numbered has its body; what is not yet, its data alone."""
    if row["name"] not in EVENT_TYPES:
        return ["no such event type is declared"]
    if row["body"] is not None:
        return faults(_envelope(row["name"]), row["body"])
    return faults(EVENT_TYPES[row["name"]].schema, row["data"])


@cache
def _envelope(name: str) -> dict[str, Any]:
    return ENVELOPES[name].model_json_schema()
