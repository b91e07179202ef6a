"""The only module that knows which queue library we use. A queue carries ids; it may lose them."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, Protocol, cast, get_args
from uuid import UUID

import orjson
from arq.connections import ArqRedis
from arq.typing import WorkerCoroutine
from arq.worker import Worker, func
from redis.asyncio import ConnectionPool
from redis.exceptions import RedisError

from payymo_api.core import log
from payymo_api.core.types import TenantId

QueueName = Literal["sync", "webhook"]
ENOUGH_WAITING = 1000
"""Jobs in a queue beyond which no more are made: a long queue would outlive its leases."""
Run = Callable[[TenantId, UUID], Awaitable[None]]
_CONNECT_SECONDS = 5.0
_ANSWER_SECONDS = 10.0
_AGAIN_SECONDS = 1.0
_GRACE_SECONDS = 10.0
_POLL_SECONDS = 0.05
_JOBS_AT_ONCE = 50
_LIFE = "payymo:queue:life"
_JOB_KEPT = timedelta(hours=1)
_log = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """A task's name, and the queue whose workers run it."""

    name: str
    queue: QueueName


class Queue(Protocol):
    async def enqueue(self, job: Job, tenant_id: TenantId, id: str, attempt: int) -> None:
        """Ask a worker to run the job for the row `id`; the same attempt twice is run once."""
        ...

    async def waiting(self, queue: QueueName) -> int:
        """Return how many jobs wait or run in a queue."""
        ...

    async def life(self) -> int:
        """Return the negative number of the present life; jobs of an earlier one may be lost."""
        ...


async def has_room(queue: Queue, name: QueueName) -> bool:
    return await queue.waiting(name) < ENOUGH_WAITING


def key(queue: QueueName) -> str:
    return f"payymo:queue:{queue}"


def serialise(message: object) -> bytes:
    return orjson.dumps(message)


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[ArqRedis]:
    """Yield a client of the Redis at `url`; its connections are closed in the end."""
    pool = ConnectionPool.from_url(
        url, socket_connect_timeout=_CONNECT_SECONDS, socket_timeout=_ANSWER_SECONDS
    )
    redis = ArqRedis(pool, job_serializer=serialise, job_deserializer=orjson.loads)
    try:
        yield redis
    finally:
        await redis.aclose(close_connection_pool=True)


class ArqQueue:
    """Jobs on Redis; a lost one is issued again."""

    def __init__(self, redis: ArqRedis) -> None:
        self._redis = redis

    async def enqueue(self, job: Job, tenant_id: TenantId, id: str, attempt: int) -> None:
        await self._redis.enqueue_job(
            job.name,
            str(tenant_id),
            id,
            _queue_name=key(job.queue),
            _job_id=f"{job.name}:{id}:{attempt}",
            _expires=_JOB_KEPT,
        )

    async def waiting(self, queue: QueueName) -> int:
        return int(await self._redis.zcard(key(queue)))

    async def life(self) -> int:
        """A Redis that lost its memory has no number: it gets a new one."""
        kept = await self._redis.get(_LIFE)
        if kept is None:
            await self._redis.set(_LIFE, _some_life(), nx=True)
            kept = await self._redis.get(_LIFE)
        return int(kept or 0)

    async def begin_life(self) -> None:
        """Drop all that waits: some of it may be held up by a worker that died with it."""
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.set(_LIFE, _some_life())
            pipeline.delete(*(key(name) for name in get_args(QueueName)))
            await pipeline.execute()


def _some_life() -> int:
    return -1 - secrets.randbelow(2**62)


async def consume(url: str, queue: QueueName, runs: Mapping[str, Run], job_seconds: int) -> None:
    """Run a queue's jobs, by their names, until cancelled; then let those that run end."""
    while True:
        try:
            async with connected(url) as redis:
                await _work(_worker(redis, queue, runs, job_seconds))
        except (RedisError, OSError) as error:  # a restart of Redis ends arq's worker
            _log.warning("worker_paused", cause=type(error).__name__)
            await asyncio.sleep(_AGAIN_SECONDS)


def _worker(redis: ArqRedis, queue: QueueName, runs: Mapping[str, Run], job_seconds: int) -> Worker:
    return Worker(
        functions=[func(_as_arq(run), name=name, max_tries=1) for name, run in runs.items()],
        queue_name=key(queue),
        redis_pool=redis,
        job_serializer=serialise,
        job_deserializer=orjson.loads,
        keep_result=0,
        max_jobs=_JOBS_AT_ONCE,
        poll_delay=_POLL_SECONDS,
        job_timeout=job_seconds,
        handle_signals=False,
    )


def _as_arq(run: Run) -> WorkerCoroutine:
    async def run_job(_: dict[str, Any], tenant_id: str, id: str) -> None:
        await run(TenantId(UUID(tenant_id)), UUID(id))

    return cast("WorkerCoroutine", run_job)


async def _work(worker: Worker) -> None:
    """Work until cancelled or cut off from Redis; running jobs have _GRACE_SECONDS to end.

    The loop of arq is cancelled only while it asks Redis nothing: in the midst of a command, the
    connection would be lost and, in Python 3.11, `wait_for` may swallow the cancellation.
    """
    loop = asyncio.create_task(worker.main())
    try:
        await asyncio.shield(loop)
    finally:
        worker.allow_pick_jobs = False
        with suppress(TimeoutError):
            async with asyncio.timeout(_GRACE_SECONDS):
                await asyncio.wait([loop], timeout=2 * _POLL_SECONDS)  # what it just picks, it has
                await asyncio.gather(*worker.tasks.values(), return_exceptions=True)
        while not loop.done():
            loop.cancel()
            await asyncio.wait([loop], timeout=_POLL_SECONDS)
        await asyncio.gather(loop, return_exceptions=True)
