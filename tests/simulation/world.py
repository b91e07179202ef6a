"""One seed's world: the service's own tasks and sweeps between a bank, sinks and a bad queue."""

import random
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

import asyncpg
import pytest
import uuid_utils.compat
from sqlalchemy.ext.asyncio import AsyncEngine

from payymo_api.banking import tasks as banking
from payymo_api.banking.service.banks import Banks
from payymo_api.core import clock
from payymo_api.core.crypto import Keyring
from payymo_api.core.settings import Settings
from payymo_api.core.types import TenantId
from payymo_api.messaging.presence import Presence
from payymo_api.messaging.queue import Job
from payymo_api.payments.service.accounts import open_stripes
from payymo_api.tenants import service as tenants
from payymo_api.tools import Tools
from payymo_api.webhooks.service import dispatch, holding
from payymo_api.worker import SWEEPS, TASKS
from tests.simulation.bank import SimulatedBank
from tests.simulation.database import SimulatedDatabase, empty, look_as
from tests.simulation.faults import Faults
from tests.simulation.ledger import DAY, Ledger
from tests.simulation.queue import LossyQueue
from tests.simulation.sink import Sink
from tests.simulation.subscriber import Subscriber
from tests.simulation.timeline import Process, Timeline
from tests.simulation.users import Act, Users
from tests.simulation.workers import Worker, Workers

START = datetime(2026, 3, 2, 6, tzinfo=UTC)
_IBANS = ("GB33BUKB20201555555555", "GB82WEST12345698765432")
_DUE = """
WITH living AS (SELECT objid FROM sim.pg_locks)
SELECT
    (SELECT min(CASE
        WHEN leased_by < 0 AND leased_by <> $1 THEN due_at
        WHEN leased_by > 0 AND leased_by NOT IN (SELECT objid FROM living) THEN due_at
        ELSE greatest(due_at, leased_until) END)
        FROM outbox_events WHERE done_at IS NULL),
    (SELECT min(CASE
        WHEN leased_by > 0 AND leased_by NOT IN (SELECT objid FROM living) THEN timestamptz 'epoch'
        ELSE due_at END) FROM webhook_lanes WHERE is_open),
    (SELECT min(next_sync_at) FROM bank_accounts),
    (SELECT min(expires_at) FROM bank_connections WHERE status = 'active')
"""
"""When each of the sweeps has something to do next, as of a life of the queue."""


@contextmanager
def fake_time(seed: int) -> Iterator[Timeline]:
    """Time, ids and jitter come from the seed."""
    chance = random.Random(seed)  # noqa: S311  repeatable on purpose
    timeline = Timeline(START, chance)

    def uuid7() -> UUID:
        milliseconds = int(timeline.now.timestamp() * 1000)
        counted = next(numbers)
        rest = chance.getrandbits(62)
        return UUID(int=milliseconds << 80 | 7 << 76 | (counted & 0xFFF) << 64 | 2 << 62 | rest)

    def seconds() -> float:
        return (timeline.now - START).total_seconds()

    numbers = iter(range(10**9))
    state = random.getstate()
    random.seed(seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "source", lambda: timeline.now)
        patch.setattr(uuid_utils.compat, "uuid7", uuid7)
        for each in (dispatch, holding):
            patch.setattr(each, "monotonic", seconds)
        yield timeline
    random.setstate(state)


class World:
    def __init__(
        self,
        timeline: Timeline,
        engine: AsyncEngine,
        eye: asyncpg.Connection,
        settings: Settings,
    ) -> None:
        chance = timeline.chance
        self.timeline = timeline
        self.eye = eye
        self.faults = Faults.by(timeline)
        self.days = chance.choice([1, 2, 2, 3])
        self.numbers = [f"INV-{number}" for number in range(1, 7)]
        ibans = _IBANS[: chance.choice([1, 1, 1, 2])]
        self.bank = SimulatedBank(
            timeline,
            self.faults,
            {iban: Ledger(chance, START, self.days, self.numbers) for iban in ibans},
            limit=chance.choice([2, 3, 4]),
            consent_days=chance.choice([90, 90, 2.5]),
        )
        self.database = SimulatedDatabase(engine, timeline, self.faults)
        self.sink = Sink(timeline, self.faults, self._is_expected)
        keyring = Keyring.parse(settings.encryption_keys.get_secret_value())
        banks = Banks({"gocardless": self.bank})
        stripes = open_stripes(settings, self.database, keyring)
        self.tools = Tools(
            settings, self.database, keyring, banks, stripes, self.sink, Presence("")
        )
        self.workers = Workers(timeline, eye, self.tools, have_numbers=chance.random() < 0.8)
        self.queue = LossyQueue(timeline, self.faults, self.workers.any, self._run_job)
        self._is_sweep_near = False
        self._seen = -1
        self._due: list[datetime | None] = []
        self._sweeps_schedule = True

    async def play(self) -> AsyncGenerator[None, None]:
        """Open up, live through the days (yielding after each), come to rest without faults."""
        await empty(self.eye)
        await self.workers.begin()
        self.timeline.start("open up", Process("api"), self._open_up)
        await self._run(START + timedelta(minutes=10))
        self._plan_acts()
        for day in range(1, self.days + 1):
            await self._run(START + day * DAY)
            yield
        await self._come_to_rest()

    async def run_again(self, ids: Iterable[tuple[Job, TenantId, UUID]]) -> None:
        """Run jobs that were run before."""
        worker = self.workers.any()
        for job, tenant_id, id in ids:
            again = partial(self._run_job, worker, job, tenant_id, id)
            self.timeline.start(f"again: {job.name}", worker, again)
        await self._run(None)

    async def _open_up(self) -> None:
        tenant_id = await tenants.create_tenant(self.database, name="Somebody", plan="standard")
        await look_as(self.eye, tenant_id)
        self.subscriber = Subscriber(tenant_id, self.tools, self.timeline, self.workers.tell)
        self.users = Users(
            tenant_id, self.tools, self.bank, self.timeline, self.numbers, self.subscriber
        )
        await self.users.open_up()
        self.faults.on = True

    def _plan_acts(self) -> None:
        chance = self.timeline.chance
        acts: list[Act] = chance.choices(self.users.acts, k=chance.randint(2, 7))
        acts += [self._forget_queue, self._lose_session][: chance.randint(0, 2)]
        for act in acts:
            seconds = chance.uniform(0, self.days * DAY.total_seconds())
            self.timeline.start(act.__name__, Process("api"), act, seconds)

    async def _forget_queue(self) -> None:
        self.queue.forget()
        self._seen = -1

    async def _lose_session(self) -> None:
        await self.workers.lose_session()
        await self._forget_queue()  # as a worker does that is present anew

    async def _come_to_rest(self) -> None:
        """No faults, no schedule; days later, so that no day's edge hides a line, a last reading.

        It is under a new consent: the one before may have ended, or its allowance be spent.
        """
        self.faults.on = False
        self._sweeps_schedule = False
        await self._run(None)
        self.timeline.now += 3 * DAY
        self.timeline.start("enable endpoints", Process("api"), self.subscriber.enable_all)
        self.timeline.start("consent anew", Process("api"), self.users.consent_anew)
        await self._run(None)

    async def _run(self, until: datetime | None) -> None:
        """Give turns, and before time moves on look what the workers' sweeps would find."""
        while True:
            await self._replace_killed()
            due, turn = await self._next_due(), self.timeline.next_at
            moments = [each for each in (due, turn, until) if each]
            if not moments:
                return
            first = min(moments)
            if first == until:
                self.timeline.now = until
                return
            if first == turn:
                await self.timeline.step()
            else:
                self.timeline.now = max(self.timeline.now, first)
                self._begin_sweep()

    async def _replace_killed(self) -> None:
        """A worker that is present anew begins a new life of the queue."""
        if await self.workers.replace_killed():
            self._is_sweep_near = False
            await self._forget_queue()

    async def _next_due(self) -> datetime | None:
        """When the sweeps have something to do; None while one is near, or if never again."""
        turn = self.timeline.next_at
        if self._is_sweep_near or (turn and turn <= self.timeline.now):
            return None
        if self._seen != self.database.commits:
            self._due = list(await self.eye.fetchrow(_DUE, await self.queue.life()))
            self._seen = self.database.commits
        wanted = self._due if self._sweeps_schedule else self._due[:2]
        found = [each for each in wanted if each]
        return max(min(found), self.timeline.now) if found else None

    def _begin_sweep(self) -> None:
        self._is_sweep_near = True
        worker = self.workers.any_idle()
        sweep = partial(self._sweep, worker)
        self.timeline.start("sweep", worker, sweep, self.faults.delay(2.0))

    async def _sweep(self, worker: Worker) -> None:
        """What every worker does again and again, as far as something is due."""
        events, deliveries, *times = (each and each <= self.timeline.now for each in self._due)
        self._is_sweep_near = False
        self._seen = -1
        relay_events, _ = SWEEPS  # no provider tells anything here
        if events:
            await relay_events(worker.tools, self.queue)
        if events or deliveries:
            await worker.drain()
        if any(times) and self._sweeps_schedule:
            await banking.schedule_due(worker.tools.database)
            await banking.fold_rollups(worker.tools.database)

    async def _run_job(self, worker: Worker, job: Job, tenant_id: TenantId, id: UUID) -> None:
        await TASKS[job](worker.tools, tenant_id, id)

    def _is_expected(self, url: str) -> bool:
        return self.subscriber.expects(url)
