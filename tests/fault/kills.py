"""kill -9, again and again, at moments of chance.

Most pauses begin when the API answers again: on a busy machine a process needs longer to start than
they are long, and nothing would ever run. Some kills hit while something is still coming back.
"""

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from payymo_api.local.stack import Stack
from tests.fault.say import say

_CHAINED = 0.3  # of the kills
_RETURN = 20.0  # seconds that the others wait for the API at most
VICTIMS = ("api", "worker-sync", "worker-webhook", "redis", "postgres")


@contextmanager
def killing(
    stack: Stack, chance: random.Random, pauses: tuple[float, float]
) -> Iterator[Counter[str]]:
    """Kill a child of the stack after every pause while the context lasts; yield the count."""
    killed = Counter[str]()

    def kill() -> None:
        name = chance.choice(VICTIMS)
        with suppress(ProcessLookupError):  # it is about to be started again
            os.kill(stack.pid(name), signal.SIGKILL)
            killed[name] += 1
        end = time.monotonic() + (0 if chance.random() < _CHAINED else _RETURN)
        while time.monotonic() < end and not stack.is_ready():
            time.sleep(0.2)

    with repeating(kill, chance, pauses):
        yield killed


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
