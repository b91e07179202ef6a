"""A worker's own session, and the queue's lives: how it is noticed that somebody is gone."""

import asyncio
from contextlib import suppress

import asyncpg
from redis.asyncio import Redis

from payymo_api.core.settings import Settings
from payymo_api.core.types import TenantId, new_id
from payymo_api.messaging.presence import Presence
from payymo_api.messaging.queue import ArqQueue, Job, connected
from tests.messaging.conftest import number_of, present

DRAW = Job("draw", "sync")


async def test_workers_have_numbers_of_their_own(settings: Settings) -> None:
    async with present(settings) as first, present(settings) as second:
        assert first != second


async def test_a_lost_session_is_made_again_under_another_number(settings: Settings) -> None:
    presence = Presence(settings.database_url)
    keeping = asyncio.create_task(presence.keep())
    first = await number_of(presence)

    connection = await asyncpg.connect(settings.database_url)
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_locks "
        "WHERE locktype = 'advisory' AND objid = $1::bigint::oid",
        first,
    )
    await connection.close()

    assert await number_of(presence, other_than=first) != first
    keeping.cancel()
    with suppress(asyncio.CancelledError):
        await keeping


async def test_a_flushed_redis_has_another_life(settings: Settings) -> None:
    async with connected(settings.redis_url) as client, Redis.from_url(settings.redis_url) as redis:
        queue = ArqQueue(client)
        first = await queue.life()
        assert await queue.life() == first
        await redis.flushdb()
        assert await queue.life() not in {first, 0}


async def test_a_new_life_begins_with_an_empty_queue(settings: Settings) -> None:
    async with connected(settings.redis_url) as client:
        queue = ArqQueue(client)
        first = await queue.life()
        await queue.enqueue(DRAW, TenantId(new_id()), str(new_id()), 1)
        assert await queue.waiting("sync")
        await queue.begin_life()
        assert await queue.waiting("sync") == 0
        assert await queue.life() != first
