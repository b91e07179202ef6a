import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from blockbuster import BlockingError
from fastapi import FastAPI
from sqlalchemy import event

from payymo_api.core.settings import Settings
from payymo_api.edge.caller import Caller, Callers, new_key
from payymo_api.edge.state import Parts
from payymo_api.main import create_app
from tests.conftest import Someone, make_someone
from tests.endless import STREAM

KEYS = "/api/v1/api_keys"


@asynccontextmanager
async def _beside(settings: Settings, someone: Someone) -> AsyncIterator[httpx.AsyncClient]:
    """A client of another process on the same servers."""
    app = create_app(settings)
    headers = {"X-API-Key": someone.key}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://payymo.test", headers=headers
    ) as client:
        yield client
    beside: Parts = app.state.parts
    await app.state.banks.aclose()
    await beside.limits.aclose()
    await beside.database.close()


async def test_a_read_that_is_one_too_many_shows_nothing(app: FastAPI, parts: Parts) -> None:
    """Another process knows of no hits: the read runs beside its own, and is thrown away."""
    hasty = await make_someone(app, per_minute=1)
    async with hasty.client, _beside(parts.settings, hasty) as other:
        first = await hasty.client.get(KEYS)
        second = await other.get(KEYS)

    assert first.json()["data"]
    assert second.status_code == 429
    assert second.json()["code"] == "rate_limited"
    assert second.headers["content-type"] == "application/problem+json"
    assert second.headers.get_list("retry-after") == [second.headers["retry-after"]]
    assert second.headers["content-length"] == str(len(second.content))


async def test_a_stream_that_is_one_too_many_does_not_begin(app: FastAPI, parts: Parts) -> None:
    """A read may be thrown away when its hit is known; an answer without an end would go on."""
    hasty = await make_someone(app, per_minute=1)
    async with hasty.client, _beside(parts.settings, hasty) as other, asyncio.timeout(30):
        await hasty.client.get(KEYS)
        refused = await other.get(STREAM)

    assert refused.status_code == 429
    assert refused.json()["code"] == "rate_limited"
    assert refused.headers.get_list("retry-after") == [refused.headers["retry-after"]]


async def test_a_client_known_to_be_limited_costs_the_database_nothing(
    app: FastAPI, parts: Parts
) -> None:
    hasty = await make_someone(app, per_minute=1)
    asked: list[str] = []
    engine = parts.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *what: asked.append(what[2]))
    async with hasty.client:
        statuses = [(await hasty.client.get(KEYS)).status_code for _ in range(4)]

    assert statuses == [200, 429, 429, 429]
    assert sum("ORDER BY api_keys.id" in each for each in asked) == 1


async def test_a_write_that_is_one_too_many_does_nothing(app: FastAPI) -> None:
    hasty = await make_someone(app, per_minute=1)
    body = {"name": "x", "scopes": ["*"]}
    async with hasty.client:
        answers = [await hasty.client.post(KEYS, json=body) for _ in range(2)]

    assert [each.status_code for each in answers] == [201, 429]


async def test_more_than_can_be_worked_on_are_turned_away_at_once(
    parts: Parts, someone: Someone
) -> None:
    """One place, taken by a request whose body does not end."""
    narrow = parts.settings.model_copy(update={"requests_at_once": 1})
    started, ending = asyncio.Event(), asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        yield b"{"
        started.set()
        await ending.wait()

    async with _beside(narrow, someone) as client:
        inside = asyncio.create_task(client.post(KEYS, content=endless()))
        await started.wait()
        turned_away = await client.get(KEYS)
        alive = await client.get("/health/live")
        ending.set()
        ended = await inside
        after = await client.get(KEYS)

    assert turned_away.status_code == 503
    assert (turned_away.json()["code"], turned_away.headers["retry-after"]) == ("overloaded", "1")
    assert alive.status_code == 200
    assert ended.status_code == 415
    assert after.status_code == 200


@pytest.mark.usefixtures("nothing_blocks")
async def test_a_call_that_blocks_would_be_noticed(parts: Parts) -> None:
    """The walk of all routes runs with this guard."""

    async def lookup(_: object) -> dict[bytes, Caller]:
        time.sleep(0)  # noqa: ASYNC251  what the guard is for
        return {}

    with pytest.raises(BlockingError):
        await Callers(b"pepper", lookup).of(new_key("test"))


@pytest.mark.parametrize("path", ["/api/v1/transactions", "/api/v1/invoices"])
async def test_a_query_parameter_that_stands_twice_is_refused(path: str, someone: Someone) -> None:
    answer = await someone.client.get(f"{path}?limit=1&currency=EUR&limit=2")

    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == ("/limit", "repeated_parameter")


async def test_a_refused_cursor_costs_no_connection(parts: Parts, someone: Someone) -> None:
    made: list[object] = []
    event.listen(parts.database.engine.sync_engine, "connect", lambda *what: made.append(what))
    await someone.client.get("/api/v1/transactions")
    made.clear()

    refused = [await someone.client.get("/api/v1/transactions?cursor=x") for _ in range(3)]

    assert [each.status_code for each in refused] == [422, 422, 422]
    assert made == []
