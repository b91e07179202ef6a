"""A queue that drops, doubles, delays and so reorders what it is given, and forgets everything."""

from collections.abc import Callable
from uuid import UUID

from payymo_api.core.types import TenantId
from payymo_api.messaging.queue import Job, QueueName
from tests.simulation.faults import Faults
from tests.simulation.timeline import Actor, Timeline
from tests.simulation.workers import Worker

Run = Callable[[Worker, Job, TenantId, UUID], Actor]


class LossyQueue:
    """Speaks `Queue`. Whatever waits in it belongs to its present life."""

    def __init__(
        self, timeline: Timeline, faults: Faults, any_worker: Callable[[], Worker], run: Run
    ) -> None:
        self._timeline = timeline
        self._faults = faults
        self._any_worker = any_worker
        self._run = run
        self._life = -1

    async def enqueue(self, job: Job, tenant_id: TenantId, id: str, attempt: int) -> None:
        if self._faults.happens(self._faults.drop):
            self._timeline.note(f"queue drops {job.name}")
            return
        copies = 2 if self._faults.happens(self._faults.double) else 1
        for _ in range(copies):
            self._bring(job, tenant_id, UUID(id), self._faults.delay(0.5))

    def _bring(self, job: Job, tenant_id: TenantId, id: UUID, seconds: float) -> None:
        life, worker = self._life, self._any_worker()

        async def work() -> None:
            if life == self._life:
                await self._run(worker, job, tenant_id, id)

        self._timeline.start(f"{job.name} {id}", worker, work, seconds)

    async def waiting(self, queue: QueueName) -> int:
        return 0

    async def life(self) -> int:
        return self._life

    def forget(self) -> None:
        """Lose everything that waits, as a Redis that is flushed, or begun anew by a worker."""
        self._timeline.note("queue forgets")
        self._life -= 1
