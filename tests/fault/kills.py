"""kill -9, again and again, at moments of chance.

Most pauses begin when the service is whole again: on a busy machine a process needs longer to start
than they are long, and nothing would ever run. Some kills hit what is still coming back.
"""

import asyncio
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

import asyncpg

from payymo_api.local.stack import Stack
from payymo_api.messaging.leases import WORKERS
from tests.fault.say import say

_CHAINED = 0.3  # of the kills
_RETURN = 30.0  # seconds that the others wait at most
_LIVING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = $1"
VICTIMS = ("api", "worker-sync", "worker-webhook", "redis", "postgres")


@contextmanager
def killing(
    stack: Stack,
    chance: random.Random,
    pauses: tuple[float, float],
    victims: Sequence[str] = VICTIMS,
) -> Iterator[Counter[str]]:
    """Kill a child of the stack after every pause while the context lasts; yield the count."""
    killed = Counter[str]()

    def kill() -> None:
        name = chance.choice(victims)
        with suppress(ProcessLookupError):  # it is about to be started again
            os.kill(stack.pid(name), signal.SIGKILL)
            killed[name] += 1
        end = time.monotonic() + (0 if chance.random() < _CHAINED else _RETURN)
        while time.monotonic() < end and not _is_whole(stack):
            time.sleep(0.2)

    with repeating(kill, chance, pauses):
        yield killed


def _is_whole(stack: Stack) -> bool:
    """The API answers, and both workers are present."""

    async def living() -> int:
        connection = await asyncpg.connect(stack.servers.database_url, timeout=5)
        try:
            return int(await connection.fetchval(_LIVING, WORKERS))
        finally:
            await connection.close()

    try:
        return asyncio.run(living()) >= 2 and stack.is_ready()
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False


@contextmanager
def repeating(
    act: Callable[[], object], chance: random.Random, pauses: tuple[float, float]
) -> Iterator[None]:
    """Act after every pause, in a thread, while the context lasts."""
    done = threading.Event()

    def run() -> None:
        while not done.wait(chance.uniform(*pauses)):
            act()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        say("the faults have ended")
