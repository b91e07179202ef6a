"""The stream of events, over HTTP from a server as `payymo api` runs it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import event
from starlette.types import Message

from payymo_api.core.settings import Settings
from payymo_api.core.types import TenantId
from payymo_api.edge.state import Parts
from payymo_api.main import create_app
from payymo_api.messaging import outbox
from payymo_api.messaging.events import PublicEvent
from payymo_api.messaging.news import News
from payymo_api.messaging.outbox import NUMBERED
from payymo_api.webhooks.service.stream import PAGE, PER_KEY, Streams
from tests.conftest import Someone, make_someone
from tests.endless import STREAM, Told, reading, serving
from tests.events import data_of
from tests.fanning_out import fan_out
from tests.webhooks.factories import EVENTS


@dataclass(frozen=True, slots=True)
class Stage:
    """A served app, and somebody who calls it."""

    app: FastAPI
    url: str
    someone: Someone

    @property
    def parts(self) -> Parts:
        found: Parts = self.app.state.parts
        return found

    @property
    def key(self) -> str:
        return self.someone.key

    async def happen(
        self, *event_types: str, tenant_id: TenantId | None = None, **fields: object
    ) -> None:
        """Let events happen, and get their numbers."""
        made = [
            type("Made", (PublicEvent,), {"name": each})(data=data_of(each, **fields))
            for each in event_types
        ]
        async with self.parts.database.scope(tenant_id or self.someone.tenant_id) as scope:
            await outbox.record(scope, *made)
        await fan_out(self.parts.database)

    async def happen_often(self, count: int) -> None:
        await self.happen(*["invoice.paid"] * count)


@asynccontextmanager
async def staged(
    settings: Settings,
    *,
    heartbeat: float = 15.0,
    **changed: Any,  # noqa: ANN401  any setting
) -> AsyncIterator[Stage]:
    """An API process of its own, shut down at the end while its streams are open."""
    settings = settings.model_copy(update=changed)
    app = create_app(settings)
    parts: Parts = app.state.parts
    news = News(settings.database_url, NUMBERED)
    app.state.streams = Streams(
        parts.database, news, at_once=settings.streams_at_once, heartbeat_seconds=heartbeat
    )
    someone = await make_someone(app)
    try:
        async with serving(app) as url:
            yield Stage(app, url, someone)
    finally:
        await someone.client.aclose()
        for part in (app.state.streams, app.state.banks, app.state.stripes, parts.limits):
            await part.aclose()
        await parts.database.close()


@pytest.fixture
async def stage(settings: Settings) -> AsyncIterator[Stage]:
    async with staged(settings) as made:
        yield made


async def test_an_event_is_told_with_its_number_its_type_and_its_exact_bytes(stage: Stage) -> None:
    """Text that some readers of lines take for a line's end, too."""
    async with reading(stage.url, stage.key) as stream:
        await stage.happen("transaction.created", description="a\u2028b\u0085c\r\n")
        [told] = await stream.told()

    body = json.loads(told.data)
    assert (told.id, told.event) == (1, "transaction.created")
    assert (body["sequence"], body["data"]["description"]) == (1, "a\u2028b\u0085c\r\n")
    read = await stage.someone.client.get(f"{EVENTS}/{body['id']}")
    assert read.content == told.data


async def test_a_stream_begins_with_what_happens_next_and_says_where_that_is(stage: Stage) -> None:
    await stage.happen("invoice.paid", "invoice.paid")
    async with reading(stage.url, stage.key) as stream:
        assert stream.position == 2
        await stage.happen("invoice.paid")
        assert [each.id for each in await stream.told()] == [3]


async def test_who_comes_again_misses_nothing_and_gets_nothing_twice(stage: Stage) -> None:
    """Events happen all the time; the client leaves after every few."""
    told: list[Told] = []
    happening = asyncio.create_task(_one_after_the_other(stage, 60))
    while len(told) < 60:
        position = told[-1].id if told else 0
        async with reading(stage.url, stage.key, after=position) as stream:
            told += await stream.told(min(7, 60 - len(told)))
    await happening

    assert [each.id for each in told] == [*range(1, 61)]
    assert [json.loads(each.data)["sequence"] for each in told] == [*range(1, 61)]


async def _one_after_the_other(stage: Stage, count: int) -> None:
    for _ in range(count):
        await stage.happen("invoice.paid")


async def test_the_header_stands_over_the_parameter(stage: Stage) -> None:
    """A browser that comes again asks the same URL, with the header."""
    await stage.happen_often(3)
    async with reading(stage.url, stage.key, after=2, after_sequence=0) as stream:
        assert [each.id for each in await stream.told()] == [3]


async def test_a_past_of_many_pages_is_told_in_order(stage: Stage) -> None:
    await stage.happen_often(3 * PAGE + 1)
    async with reading(stage.url, stage.key, after_sequence=PAGE) as stream:
        told = await stream.told(2 * PAGE + 1)

    assert [each.id for each in told] == [*range(PAGE + 1, 3 * PAGE + 2)]


async def test_only_the_types_asked_for_are_told(stage: Stage) -> None:
    await stage.happen("invoice.paid", "transaction.created", "stripe_payout.paid")
    await stage.happen("transaction.matched", "transactions.imported", "invoice.paid")
    wanted = "transaction.*,stripe_payout.paid"
    async with reading(stage.url, stage.key, after_sequence=0, event_type=wanted) as stream:
        told = await stream.told(3)

    assert [(each.id, each.event) for each in told] == [
        (2, "transaction.created"),
        (3, "stripe_payout.paid"),
        (4, "transaction.matched"),
    ]


@pytest.mark.parametrize(
    ("asked", "pointer"),
    [
        ({"params": {"event_type": "transaction.made"}}, "/event_type"),
        ({"params": {"event_type": "transaction.*,"}}, "/event_type"),
        ({"params": {"after_sequence": "-1"}}, "/after_sequence"),
        ({"headers": {"Last-Event-ID": "evt_1"}}, "/Last-Event-ID"),
    ],
)
async def test_what_can_not_be_is_refused(
    asked: dict[str, Any], pointer: str, client: httpx.AsyncClient
) -> None:
    answer = await client.get(STREAM, **asked)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


async def test_nobody_is_told_of_another_tenants_events(stage: Stage) -> None:
    other = await make_someone(stage.app)
    await other.client.aclose()
    async with reading(stage.url, stage.key, after_sequence=0) as stream:
        await stage.happen("invoice.paid", tenant_id=other.tenant_id)
        await stage.happen("transaction.created")
        assert [each.event for each in await stream.told()] == ["transaction.created"]


async def test_heartbeats_come_while_nothing_happens_and_say_how_far_it_is(
    settings: Settings,
) -> None:
    async with (
        staged(settings, heartbeat=0.05) as stage,
        reading(stage.url, stage.key, event_type="invoice.paid") as stream,
    ):
        beat = await stream.block()
        await stage.happen("transaction.created")
        while stream.position == 0:
            assert b"data" not in await stream.block()

    assert beat == {b"": b"heartbeat", b"id": b"0"}


async def test_a_stream_ends_when_its_key_is_revoked(settings: Settings) -> None:
    async with staged(settings, heartbeat=0.05) as stage:
        owner = await make_someone(stage.app)
        made = (await owner.client.post("/api/v1/api_keys", json={"name": "listener"})).json()
        async with reading(stage.url, made["key"]) as stream:
            await owner.client.delete(f"/api/v1/api_keys/{made['id']}")
            async with asyncio.timeout(30):
                while not await stream.is_at_its_end():
                    pass
        await owner.client.aclose()


async def test_a_revoked_key_is_told_nothing_more(stage: Stage) -> None:
    """The stream waits for its next heartbeat, and what happens before that is not for it."""
    owner = stage.someone
    made = (await owner.client.post("/api/v1/api_keys", json={"name": "listener"})).json()
    async with reading(stage.url, made["key"]) as stream:
        await owner.client.delete(f"/api/v1/api_keys/{made['id']}")
        async with asyncio.timeout(30):
            while (await owner.client.get(EVENTS, headers={"X-API-Key": made["key"]})).is_success:
                pass
        await stage.happen("invoice.paid")
        assert await stream.is_at_its_end()


async def test_a_server_that_shuts_down_ends_its_streams(settings: Settings) -> None:
    async with AsyncExitStack() as reader:
        async with staged(settings) as stage:
            stream = await reader.enter_async_context(reading(stage.url, stage.key))
            await stage.happen("invoice.paid")
            await stream.told()

        assert await stream.is_at_its_end()


async def test_a_key_has_a_few_streams_and_gets_a_place_again_when_one_ends(stage: Stage) -> None:
    header = {"X-API-Key": stage.key}
    async with (
        AsyncExitStack() as streams,
        httpx.AsyncClient(base_url=stage.url, headers=header, trust_env=False) as client,
    ):
        for _ in range(PER_KEY - 1):
            await streams.enter_async_context(reading(stage.url, stage.key))
        async with reading(stage.url, stage.key):
            refused = await client.get(STREAM)
            other = await make_someone(stage.app)
            async with other.client, reading(stage.url, other.key):
                pass
        await _opens_again(client)

    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_streams")
    assert int(refused.headers["retry-after"]) >= 1


async def _opens_again(client: httpx.AsyncClient) -> None:
    """The server hears of a connection's end when it hears of it."""
    async with asyncio.timeout(30):
        while True:
            async with client.stream("GET", STREAM) as answer:
                if answer.is_success:
                    return


async def test_a_process_has_so_many_streams_and_no_more(settings: Settings) -> None:
    async with staged(settings, streams_at_once=1) as stage:
        other = await make_someone(stage.app)
        async with other.client, reading(stage.url, stage.key):
            refused = await other.client.get(STREAM)

    assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
    assert int(refused.headers["retry-after"]) >= 1


async def test_streams_take_no_requests_place_and_no_connection_of_the_pool(
    settings: Settings,
) -> None:
    narrow = staged(settings, requests_at_once=1, database_pool=2, database_wait_seconds=0.5)
    async with narrow as stage, AsyncExitStack() as opened:
        streams = [
            await opened.enter_async_context(reading(stage.url, stage.key)) for _ in range(PER_KEY)
        ]
        listed = await stage.someone.client.get(EVENTS)
        await stage.happen("invoice.paid")
        told = [await each.told() for each in streams]

    assert listed.status_code == 200
    assert [each.id for [each] in told] == [1] * PER_KEY


async def test_a_slow_reader_makes_nobody_read_ahead(stage: Stage) -> None:
    """The client has taken one event; the server has read the page it is of, and no more."""
    await stage.happen_often(3 * PAGE)
    pages: list[str] = []
    engine = stage.parts.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *what: pages.append(what[2]))
    sent: list[Message] = []
    is_full, may_go_on, has_all = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def send(message: Message) -> None:
        sent.append(message)
        if len(sent) == 3:
            is_full.set()
            await may_go_on.wait()
        if len(sent) == 3 * PAGE + 2:
            has_all.set()

    following = asyncio.create_task(_follow(stage, send))
    async with asyncio.timeout(30):
        await is_full.wait()
        await stage.someone.client.get(EVENTS)
        read_ahead = sum("outbox_events.sequence >" in each for each in pages)
        may_go_on.set()
        await has_all.wait()
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)

    assert read_ahead == 1


async def _follow(stage: Stage, send: Any) -> None:  # noqa: ANN401  ASGI's own
    """Ask for the stream from its start, by ASGI itself, and never hang up."""
    asked = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> Message:
        for message in asked:
            return message
        await asyncio.Event().wait()
        raise AssertionError

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": STREAM,
        "raw_path": STREAM.encode(),
        "root_path": "",
        "query_string": b"after_sequence=0",
        "headers": [(b"x-api-key", stage.key.encode())],
    }
    await stage.app(scope, receive, send)


async def test_numbering_is_news(stage: Stage) -> None:
    heard = asyncio.Event()
    connection = await asyncpg.connect(stage.parts.settings.database_url)
    await connection.add_listener(NUMBERED, lambda *_: heard.set())
    await stage.happen("invoice.paid")
    async with asyncio.timeout(30):
        await heard.wait()
    await connection.close()


async def test_events_are_told_though_postgresql_has_cut_the_news_off(stage: Stage) -> None:
    async with reading(stage.url, stage.key) as stream:
        await stage.happen("invoice.paid")
        await stream.told()
        await _cut_listeners_off(stage.parts.settings.database_url)
        await stage.happen("invoice.paid")
        assert [each.id for each in await stream.told()] == [2]


async def _cut_listeners_off(url: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE query ILIKE $1 AND datname = current_database()",
        f"listen%{NUMBERED}%",
    )
    await connection.close()


async def test_an_event_that_is_triggered_is_an_event_and_says_that_it_is_a_test(
    stage: Stage,
) -> None:
    client = stage.someone.client
    async with reading(stage.url, stage.key) as stream:
        made = await client.post(f"{EVENTS}/trigger", json={"event_type": "transaction.created"})
        await fan_out(stage.parts.database)
        [told] = await stream.told()

    body = json.loads(told.data)
    example = (await client.get("/api/v1/event_types")).json()["data"]
    assert made.status_code == 202
    assert made.json() == {"id": body["id"], "event_type": "transaction.created"}
    assert (body["test"], body["sequence"]) == (True, 1)
    assert body["data"] == {each["name"]: each["example"] for each in example}[told.event]
    assert (await client.get(EVENTS)).json()["data"] == [body]
