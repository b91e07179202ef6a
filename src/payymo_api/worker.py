"""Assemble the workers. JOBS is the whole background choreography on one screen."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast
from uuid import UUID

import orjson
from arq.connections import RedisSettings
from arq.typing import WorkerCoroutine
from arq.worker import Worker, func
from redis.exceptions import RedisError

from payymo_api.core import log
from payymo_api.core.crypto import Keyring
from payymo_api.core.db import Database
from payymo_api.core.errors import PayymoError
from payymo_api.core.settings import Settings
from payymo_api.core.types import EventId, TenantId
from payymo_api.messaging.queue import ArqQueue, Job, Queue, QueueName, key, serialise
from payymo_api.messaging.relay import BATCH, relay
from payymo_api.messaging.waker import Waker
from payymo_api.messaging.work import perform

_log = log.get(__name__)
_LOOK_SECONDS = 1.0
_AGAIN_SECONDS = 1.0
_JOB_SECONDS = 600
_JOBS_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Tools:
    """What tasks work with."""

    settings: Settings
    database: Database
    keyring: Keyring


Task = Callable[[Tools, TenantId, dict[str, Any]], Awaitable[None]]
Sweep = Callable[[Tools, Queue], Awaitable[int]]

JOBS: Final[Mapping[str, Job]] = {}
"""Event -> the job it causes."""

TASKS: Final[Mapping[str, Task]] = {}
"""Job -> what runs it; the payload is the event's."""


async def relay_events(tools: Tools, queue: Queue) -> int:
    return await relay(tools.database, queue, JOBS)


SWEEPS: Final[tuple[Sweep, ...]] = (relay_events,)
"""What every worker process does whenever it is woken, at least once a second."""


def build_tools(settings: Settings) -> Tools:
    return Tools(
        settings=settings,
        database=Database.of(settings),
        keyring=Keyring.parse(settings.encryption_keys.get_secret_value()),
    )


async def run(settings: Settings, queue: QueueName) -> None:
    """Work until cancelled; PostgreSQL or Redis being away only pauses the work."""
    tools = build_tools(settings)
    waker = Waker(settings.database_url)
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(waker.listen())
            group.create_task(_sweep(tools, waker))
            group.create_task(_consume(tools, queue))
    finally:
        await tools.database.close()


async def _sweep(tools: Tools, waker: Waker) -> None:
    while True:
        try:
            queue = await ArqQueue.connect(_redis(tools.settings))
            while True:
                found = [await sweep(tools, queue) for sweep in SWEEPS]
                if max(found) < BATCH:
                    await waker.wait(_LOOK_SECONDS)
        except (PayymoError, RedisError, OSError) as error:
            _log.warning("sweep_paused", cause=type(error).__name__)
            await asyncio.sleep(_AGAIN_SECONDS)


async def _consume(tools: Tools, queue: QueueName) -> None:
    """arq ends its worker when Redis restarts; make another one then."""
    while True:
        try:
            await _arq_worker(tools, queue).async_run()
        except (RedisError, OSError) as error:
            _log.warning("worker_paused", cause=type(error).__name__)
        await asyncio.sleep(_AGAIN_SECONDS)


def _arq_worker(tools: Tools, queue: QueueName) -> Worker:
    names = {job.name for job in JOBS.values() if job.queue == queue}
    return Worker(
        functions=[func(_runner(tools, name), name=name, max_tries=1) for name in sorted(names)],
        queue_name=key(queue),
        redis_settings=_redis(tools.settings),
        job_serializer=serialise,
        job_deserializer=orjson.loads,
        keep_result=0,
        max_jobs=_JOBS_AT_ONCE,
        poll_delay=0.05,
        job_timeout=_JOB_SECONDS,
        handle_signals=False,
    )


def _runner(tools: Tools, name: str) -> WorkerCoroutine:
    async def run_event(_: dict[str, Any], tenant_id: str, id: str) -> None:
        async def act(tenant_id: TenantId, payload: dict[str, Any]) -> None:
            await TASKS[name](tools, tenant_id, payload)

        await perform(tools.database, act, TenantId(UUID(tenant_id)), EventId(UUID(id)))

    return cast("WorkerCoroutine", run_event)


def _redis(settings: Settings) -> RedisSettings:
    return RedisSettings.from_dsn(settings.redis_url)
