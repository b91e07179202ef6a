"""Fake time, and whose turn it is: one actor runs at a time, until it waits.

Actors are coroutines of one event loop. Only the one that has the turn runs; real I/O (PostgreSQL)
keeps the turn, `wait` gives it away. So a seed decides every order, and no real clock any.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Any, NoReturn

from payymo_api.core.errors import PayymoError

Actor = Coroutine[Any, Any, object]
MOST_TURNS = 4_000
"""A world that has not come to rest by then never will."""


class Killed(BaseException):
    """The process of this actor is gone: as with kill -9, nothing of ours may catch it."""


@dataclass(eq=False)
class Process:
    """What actors run in, and die with."""

    name: str
    is_alive: bool = True


@dataclass(order=True, slots=True)
class _Turn:
    at: datetime
    chance: float
    number: int
    given: asyncio.Future[None] = field(compare=False)


_process: ContextVar[Process] = ContextVar("process")


class Timeline:
    def __init__(self, start: datetime, chance: Random) -> None:
        self.now = start
        self.chance = chance
        self.trace: list[str] = []
        self.crashes: list[BaseException] = []
        self.killed: list[Process] = []
        self.in_transaction = False
        self._turns: list[_Turn] = []
        self._numbers = count()
        self._given_back = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def next_at(self) -> datetime | None:
        """When somebody's turn comes next; None if nobody waits."""
        return max(self._turns[0].at, self.now) if self._turns else None

    def note(self, what: str) -> None:
        self.trace.append(f"{self.now:%d %H:%M:%S.%f} {what}")

    def start(
        self, name: str, process: Process, actor: Callable[[], Actor], seconds: float = 0.0
    ) -> None:
        """Let the actor run from `seconds` on; a refusal (PayymoError) may end it, a crash not."""
        turn = self._book(seconds)
        task = asyncio.get_running_loop().create_task(self._act(name, process, actor, turn))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def end(self) -> None:
        """Leave no actor behind, whatever they wait for."""
        left = tuple(self._tasks)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def kill(self) -> NoReturn:
        """End the process of whoever has the turn; its other actors end at their next turn."""
        process = _process.get()
        process.is_alive = False
        self.killed.append(process)
        raise Killed

    async def wait(self, seconds: float = 0.0) -> None:
        """Give the turn away for so long; for 0 seconds, to whoever else may run now."""
        assert not self.in_transaction, "a transaction is open while others, or a network, run"
        turn = self._book(seconds)
        self._given_back.set()
        await turn.given
        if not _process.get().is_alive:
            raise Killed

    async def step(self) -> None:
        """Give the next turn, and return when it is given back."""
        turn = heappop(self._turns)
        assert turn.number < MOST_TURNS, "it does not come to rest"
        self.now = max(self.now, turn.at)
        self._given_back.clear()
        turn.given.set_result(None)
        await self._given_back.wait()

    def _book(self, seconds: float) -> _Turn:
        at = self.now + timedelta(seconds=seconds)
        given = asyncio.get_running_loop().create_future()
        turn = _Turn(at, self.chance.random(), next(self._numbers), given)
        heappush(self._turns, turn)
        return turn

    async def _act(
        self, name: str, process: Process, actor: Callable[[], Actor], turn: _Turn
    ) -> None:
        _process.set(process)
        await turn.given
        try:
            if process.is_alive:
                self.note(f"{process.name}: {name}")
                await actor()
        except Killed:
            self.note(f"{process.name}: {name}: killed")
        except PayymoError as error:
            self.note(f"{process.name}: {name}: {error.code}")
        except Exception as error:  # noqa: BLE001  an invariant reports it
            self.crashes.append(error)
        finally:
            self._given_back.set()
