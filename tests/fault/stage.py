"""One running service, and tenants that play the main job on it while things go wrong."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from payymo_api.core.db import Database
from payymo_api.core.settings import Settings
from payymo_api.core.types import TenantId
from payymo_api.local.receiver import Receiver
from payymo_api.local.results import Story
from payymo_api.local.stack import Stack, running_stack
from payymo_api.local.story import MainJob, Wishes
from payymo_api.tenants import service as tenants
from tests.fault.say import say

_LIMIT = 1_000_000  # requests a minute: limits have tests of their own
_CALLS = 100_000  # readings a day: every one that a kill interrupts has cost one
_EACH_LINE_EVERY = 4
_HISTORY_DAYS = 10  # some 40 lines: many small jobs meet more faults than few large ones
JOBS_AT_ONCE = 6


@dataclass(frozen=True, slots=True)
class Player:
    """A tenant, its key, and its system, which listens until the end: to each line, or in sum."""

    tenant_id: TenantId
    key: str
    receiver: Receiver
    each_line: bool


@dataclass(slots=True)
class Stage:
    stack: Stack
    settings: Settings
    database: Database
    _open: AsyncExitStack
    players: list[Player] = field(default_factory=list)
    stories: list[Story] = field(default_factory=list)

    async def player(self) -> Player:
        """Make a tenant; nothing may be out of order yet."""
        tenant_id = await tenants.create_tenant(self.database, name="Player", plan=tenants.STANDARD)
        made = await tenants.create_first_key(
            self.database, self.settings, tenant_id, "fault", _LIMIT
        )
        receiver = self._open.enter_context(Receiver())
        each_line = len(self.players) % _EACH_LINE_EVERY == 0
        player = Player(tenant_id, made.key, receiver, each_line)
        self.players.append(player)
        return player

    async def play(self, players: list[Player], at_once: int = JOBS_AT_ONCE) -> None:
        """Let each play the main job, some at a time; CannotStart if one does not end well."""
        turn = asyncio.Semaphore(at_once)

        async def play(player: Player) -> None:
            async with turn:
                began = time.monotonic()
                wishes = Wishes(player.key, player.each_line, _HISTORY_DAYS)
                job = MainJob(self.stack, player.receiver, lambda _: None, wishes)
                story = await asyncio.to_thread(job.play)
            story.seconds = round(time.monotonic() - began, 1)
            self.stories.append(story)
            say(f"job {len(self.stories)} of {len(self.players)}: {story.seconds} s")

        async with asyncio.TaskGroup() as group:
            for player in players:
                group.create_task(play(player))

    def counts(self) -> Counter[str]:
        """What the jobs did, for the summary."""
        received = [player.receiver.received for player in self.players]
        return Counter(
            {
                "jobs": len(self.stories),
                "lines": sum(each.transactions_synced for each in self.stories),
                "matches": sum(each.matched for each in self.stories),
                "events": sum(len(each.bodies) for each in received),
                "deliveries": sum(each.deliveries for each in received),
            }
        )


@asynccontextmanager
async def staged(folder: Path) -> AsyncIterator[Stage]:
    """Run the service; its bank grants any number of readings."""
    async with AsyncExitStack() as open_:
        stack = open_.enter_context(running_stack(folder, discard=True))
        settings = _settings(stack)
        database = Database.of(settings)
        open_.push_async_callback(database.close)
        sandbox(stack, "gocardless/allowance", {"calls": _CALLS}, "PUT")
        yield Stage(stack, settings, database, open_)


def sandbox(stack: Stack, path: str, body: dict[str, object], method: str = "POST") -> None:
    """Ask the sandbox, as its tester."""
    url = f"{stack.sandbox_url}/sandbox/{path}"
    httpx.request(method, url, json=body, trust_env=False).raise_for_status()


def _settings(stack: Stack) -> Settings:
    """Return what the service's processes have read."""
    prefix = "PAYYMO_"
    given = stack.environment.items()
    return Settings.model_validate(
        {name.removeprefix(prefix).lower(): text for name, text in given if prefix in name}
    )
