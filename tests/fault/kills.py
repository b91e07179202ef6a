"""kill -9, again and again, at moments of chance."""

import os
import random
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from payymo_api.local.stack import Stack
from tests.fault.say import say

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
