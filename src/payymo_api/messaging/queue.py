"""The only module that knows which queue library we use. A queue carries ids; it may lose them."""

from dataclasses import dataclass
from typing import Literal, Protocol

import orjson
from arq.connections import ArqRedis, RedisSettings, create_pool

from payymo_api.core.types import TenantId

QueueName = Literal["sync", "webhook"]


@dataclass(frozen=True, slots=True)
class Job:
    """A task's name, and the queue whose workers run it."""

    name: str
    queue: QueueName


class Queue(Protocol):
    async def enqueue(self, job: Job, tenant_id: TenantId, id: str, attempt: int) -> None:
        """Ask a worker to run the job for the row `id`; the same attempt twice is run once."""
        ...


def key(queue: QueueName) -> str:
    return f"payymo:queue:{queue}"


def serialise(message: object) -> bytes:
    return orjson.dumps(message)


class ArqQueue:
    """Jobs on Redis; a lost one is issued again when its row's lease ends."""

    def __init__(self, redis: ArqRedis) -> None:
        self._redis = redis

    @classmethod
    async def connect(cls, settings: RedisSettings) -> "ArqQueue":
        return cls(await create_pool(settings, job_serializer=serialise))

    async def enqueue(self, job: Job, tenant_id: TenantId, id: str, attempt: int) -> None:
        await self._redis.enqueue_job(
            job.name,
            str(tenant_id),
            id,
            _queue_name=key(job.queue),
            _job_id=f"{job.name}:{id}:{attempt}",
        )

    async def close(self) -> None:
        await self._redis.aclose()
