"""The worker processes: each has a number while it lives; one that is killed is replaced."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count

import asyncpg

from payymo_api.messaging.leases import WORKERS
from payymo_api.messaging.presence import Presence
from payymo_api.tools import Tools
from payymo_api.webhooks.service.dispatch import Dispatcher
from payymo_api.webhooks.service.fan_out import FanOut
from tests.simulation.timeline import Process, Timeline

_COUNT = 2
_HEARD = 0.8


@dataclass(eq=False, kw_only=True)
class Worker(Process):
    tools: Tools
    dispatcher: Dispatcher | None = None

    @property
    def presence(self) -> Presence:
        return self.tools.presence

    async def drain(self) -> None:
        """As `webhooks.service.drain`, in the sight of whoever has news; one at a time sends."""
        fan_out = FanOut(self.tools.database)
        while await fan_out.batch():
            pass
        if self.dispatcher:
            self.dispatcher.held.hear()
            return
        tools = self.tools
        self.dispatcher = Dispatcher(tools.database, tools.keyring, tools.sender, tools.presence)
        try:
            await self.dispatcher.drain()
        finally:
            self.dispatcher = None

    async def hear_of_change(self, payload: str) -> None:
        if self.dispatcher:
            self.dispatcher.held.let_go(payload)


@dataclass
class Workers:
    """`have_numbers`: as with a session of their own; else leases end by time alone."""

    timeline: Timeline
    eye: asyncpg.Connection
    tools: Tools
    have_numbers: bool
    living: list[Worker] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    async def begin(self) -> None:
        for _ in range(_COUNT):
            await self._begin_one()

    def any(self) -> Worker:
        return self.timeline.chance.choice(self.living)

    def any_idle(self) -> Worker:
        """Any that sends nothing, if there is one."""
        idle = [each for each in self.living if not each.dispatcher]
        return self.timeline.chance.choice(idle or self.living)

    def tell(self, payload: str) -> None:
        """Let those who send hear of changed endpoints: soon, late or never."""
        chance = self.timeline.chance
        for each in self.living:
            if chance.random() < _HEARD:
                hear = partial(each.hear_of_change, payload)
                self.timeline.start("hear of change", each, hear, chance.uniform(0, 5))

    async def replace_killed(self) -> bool:
        """PostgreSQL ends the sessions of the dead at once; tell whether there were any."""
        killed = [each for each in self.living if not each.is_alive]
        for each in killed:
            self.living.remove(each)
            await self._take_number(each)
            await self._begin_one()
        return bool(killed)

    async def lose_session(self) -> None:
        """A worker that lives gets another number: PostgreSQL cut its session."""
        found = self.any()
        await self._take_number(found)
        await self._give_number(found)

    async def _begin_one(self) -> None:
        name = f"worker {next(self._numbers)}"
        made = Worker(name, tools=replace(self.tools, presence=Presence("")))
        await self._give_number(made)
        self.living.append(made)

    async def _give_number(self, found: Worker) -> None:
        if self.have_numbers:
            found.presence.number = next(self._numbers)
            await self.eye.execute(
                "INSERT INTO sim.pg_locks VALUES ('advisory', $1, $2, 2, true)",
                WORKERS,
                found.presence.number,
            )

    async def _take_number(self, found: Worker) -> None:
        number, found.presence.number = found.presence.number, None
        await self.eye.execute("DELETE FROM sim.pg_locks WHERE objid = $1", number)
