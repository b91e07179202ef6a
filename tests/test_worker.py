"""The webhook worker as it runs: real PostgreSQL, Redis and receivers, in this process."""

import asyncio
import gc
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import asyncpg
import orjson
import pytest
from redis.asyncio import Redis
from sqlalchemy import func, select, update
from standardwebhooks import Webhook

from payymo_api import worker
from payymo_api.core.clock import now
from payymo_api.core.db import Database
from payymo_api.core.settings import Settings
from payymo_api.core.types import TenantId
from payymo_api.messaging.models import OutboxEvent
from payymo_api.messaging.queue import QueueName
from payymo_api.tools import open_tools
from payymo_api.webhooks.gateway import Answer, Sender
from payymo_api.webhooks.models import WebhookAttempt, WebhookDelivery, WebhookLane
from payymo_api.webhooks.service.dispatch import Dispatcher
from tests.conftest import Someone
from tests.fanning_out import fan_out
from tests.messaging.conftest import present
from tests.outside.hook import documented_verify
from tests.webhooks.conftest import Receiver
from tests.webhooks.factories import endpoint, happen, until

pytestmark = pytest.mark.usefixtures("quiet")

BROKEN = b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n"
OK = b"HTTP/1.1 204 No Content\r\n\r\n"


@asynccontextmanager
async def listening() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    server = await receiver.start()
    yield receiver
    server.close()
    await receiver.stop()
    await server.wait_closed()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with listening() as receiver:
        yield receiver


@asynccontextmanager
async def working(settings: Settings, queue: QueueName = "webhook") -> AsyncIterator[None]:
    """A worker runs meanwhile; it must not have ended by itself."""
    task = asyncio.create_task(worker.run(settings, queue))
    try:
        yield
        assert not task.done()
    finally:
        await _stop(task)


async def _stop(task: asyncio.Task[None]) -> None:
    """As SIGTERM does, once."""
    task.cancel()
    _, deaf = await asyncio.wait([task], timeout=30)
    assert not deaf
    with suppress(asyncio.CancelledError):
        await task


@pytest.fixture
async def redis(settings: Settings) -> AsyncIterator[Redis]:
    """An empty Redis: what other tests queued is issued again when its lease ends."""
    redis = Redis.from_url(settings.redis_url)
    await redis.flushdb()
    yield redis
    await redis.aclose()


async def _deliveries(database: Database, tenant_id: TenantId) -> list[WebhookDelivery]:
    async with database.scope(tenant_id) as scope:
        return list(await scope.session.scalars(select(WebhookDelivery)))


async def _statuses(database: Database, tenant_id: TenantId, *expected: str) -> None:
    """Wait until the tenant's deliveries have these statuses."""

    async def reached() -> bool:
        found = [each.status for each in await _deliveries(database, tenant_id)]
        return sorted(found) == sorted(expected)

    await until(reached)


async def _end_leases(database: Database, tenant_id: TenantId) -> None:
    """Let every lease run out now instead of waiting for it."""
    async with database.scope(tenant_id) as scope:
        await scope.session.execute(update(OutboxEvent).values(leased_until=func.now()))


def _headers(head: str) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in head.splitlines()[1:] if line)


async def test_an_event_arrives_signed_at_each_endpoint_of_its_tenant_only(
    settings: Settings,
    redis: Redis,
    database: Database,
    someone: Someone,
    stranger: Someone,
    receiver: Receiver,
) -> None:
    async with listening() as second, listening() as foreign:
        made = {each.port: await endpoint(someone.client, each.url) for each in (receiver, second)}
        await endpoint(stranger.client, foreign.url)
        async with working(settings):
            await happen(database, someone.tenant_id)
            await _statuses(database, someone.tenant_id, "delivered", "delivered")

        for each in (receiver, second):
            [head], [body] = each.heads, each.bodies
            secret, headers = made[each.port]["secret"], _headers(head)
            assert Webhook(secret).verify(body.decode(), headers) == orjson.loads(body)
            assert documented_verify()(secret, headers, body)
            assert b'"amount":100.50' in body
        assert second.bodies == receiver.bodies
        assert foreign.bodies == []


async def test_both_secrets_sign_while_one_is_rotated(
    settings: Settings, redis: Redis, database: Database, someone: Someone, receiver: Receiver
) -> None:
    old = await endpoint(someone.client, receiver.url)
    place = f"/api/v1/webhook_endpoints/{old['id']}/rotate_secret"
    new = (await someone.client.post(place)).json()

    async with working(settings):
        await happen(database, someone.tenant_id)
        await _statuses(database, someone.tenant_id, "delivered")

    headers, body = _headers(receiver.heads[0]), receiver.bodies[0].decode()
    for secret in (old["secret"], new["secret"]):
        assert Webhook(secret).verify(body, headers)


async def test_a_first_failure_is_tried_again_when_due(
    settings: Settings, redis: Redis, database: Database, someone: Someone, receiver: Receiver
) -> None:
    receiver.answer = BROKEN
    await endpoint(someone.client, receiver.url)

    async def put_off() -> bool:
        return any(
            each.next_attempt_at and each.next_attempt_at > now()
            for each in await _deliveries(database, someone.tenant_id)
        )

    async with working(settings):
        await happen(database, someone.tenant_id)
        await until(put_off)
        receiver.answer = OK
        async with database.scope(someone.tenant_id) as scope:
            await scope.session.execute(update(WebhookDelivery).values(next_attempt_at=func.now()))
            await scope.session.execute(update(WebhookLane).values(due_at=func.now()))
        await _statuses(database, someone.tenant_id, "delivered")

    async with database.scope(someone.tenant_id) as scope:
        codes = await scope.session.scalars(
            select(WebhookAttempt.status_code).order_by(WebhookAttempt.number)
        )
        assert list(codes) == [503, 204]


async def test_events_arrive_whatever_redis_loses(
    settings: Settings, redis: Redis, database: Database, someone: Someone, receiver: Receiver
) -> None:
    """Webhooks do not travel through Redis at all."""
    await endpoint(someone.client, receiver.url)

    async with working(settings):
        for count in range(1, 4):
            await redis.flushdb()
            await happen(database, someone.tenant_id)
            await _statuses(database, someone.tenant_id, *["delivered"] * count)

    assert len(receiver.bodies) == 3


async def test_what_a_killed_worker_had_sent_is_sent_once_more_with_the_same_id(
    settings: Settings, redis: Redis, database: Database, someone: Someone, receiver: Receiver
) -> None:
    await endpoint(someone.client, receiver.url)
    await happen(database, someone.tenant_id)
    await fan_out(database)
    async with open_tools(settings) as tools, present(settings) as number:
        tools.presence.number = number
        dispatcher = Dispatcher(tools.database, tools.keyring, Dying(tools.sender), tools.presence)
        with pytest.raises(Killed):
            await dispatcher.drain()
        [owed] = await _deliveries(database, someone.tenant_id)
        assert (owed.status, owed.attempt_count) == ("pending", 0)

    async with working(settings):
        await _statuses(database, someone.tenant_id, "delivered")

    first, again = (_headers(head)["webhook-id"] for head in receiver.heads)
    assert first == again
    assert receiver.bodies[0] == receiver.bodies[1]


class Killed(BaseException):
    pass


@dataclass
class Dying:
    """Sends, and is killed before anybody learns what came of it."""

    sender: Sender

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        await self.sender.post(url, headers, body)
        raise Killed


# redis-py and arq leave tasks and sockets behind when the server cuts a connection
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_it_goes_on_after_redis_and_postgresql_cut_every_connection(
    settings: Settings, redis: Redis, database: Database, someone: Someone, receiver: Receiver
) -> None:
    await endpoint(someone.client, receiver.url)
    async with working(settings):
        await happen(database, someone.tenant_id)
        await _statuses(database, someone.tenant_id, "delivered")

        for kind in ("normal", "pubsub"):
            await redis.client_kill_filter(_type=kind, skipme=True)
        await _cut_connections(database)
        await happen(database, someone.tenant_id)
        await _statuses(database, someone.tenant_id, "delivered", "delivered")

    assert [orjson.loads(body)["sequence"] for body in receiver.bodies] == [1, 2]
    gc.collect()  # what was cut off while it connected is complained of here, where it is expected


async def test_a_job_under_way_may_end_when_the_worker_is_stopped(
    settings: Settings, redis: Redis, database: Database, someone: Someone
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        begun.set()
        await go_on.wait()
        writer.write(OK)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    await endpoint(someone.client, f"http://127.0.0.1:{port}/")
    running = asyncio.create_task(worker.run(settings, "webhook"))
    await happen(database, someone.tenant_id)
    async with asyncio.timeout(30):
        await begun.wait()

    stopping = asyncio.create_task(_stop(running))
    await asyncio.sleep(0)
    go_on.set()
    await stopping

    [done] = await _deliveries(database, someone.tenant_id)
    assert done.status == "delivered"
    server.close()
    await server.wait_closed()


async def _all_events(database: Database, tenant_id: TenantId) -> list[OutboxEvent]:
    async with database.scope(tenant_id) as scope:
        return list(await scope.session.scalars(select(OutboxEvent)))


async def _cut_connections(database: Database) -> None:
    """As a restart of PostgreSQL does, for this database only and not for the test's own pool."""
    connection = await asyncpg.connect(
        database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    )
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await connection.close()
