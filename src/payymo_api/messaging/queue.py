"""The only module that knows which queue library we use. A queue carries ids; it may lose them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal, Protocol

import orjson
from arq.connections import ArqRedis
from redis.asyncio import ConnectionPool

from payymo_api.core.types import TenantId

QueueName = Literal["sync", "webhook"]
ENOUGH_WAITING = 1000
"""Jobs in a queue beyond which no more are made: a long queue would outlive its leases."""
_CONNECT_SECONDS = 5.0
_ANSWER_SECONDS = 10.0


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
    """Jobs on Redis; a lost one is issued again when its row's lease ends."""

    def __init__(self, redis: ArqRedis) -> None:
        self._redis = redis

    async def enqueue(self, job: Job, tenant_id: TenantId, id: str, attempt: int) -> None:
        await self._redis.enqueue_job(
            job.name,
            str(tenant_id),
            id,
            _queue_name=key(job.queue),
            _job_id=f"{job.name}:{id}:{attempt}",
        )

    async def waiting(self, queue: QueueName) -> int:
        return int(await self._redis.zcard(key(queue)))
