"""A million events wait: how much memory the worker takes, and whether it slows down."""

import asyncio
import time
from collections.abc import Sequence
from typing import NamedTuple

from benchmarks.harness import Bench
from benchmarks.results import Result
from benchmarks.webhooks.world import TYPES, WORKER, World
from payymo_api.core.types import TenantId

MOST = 1_000_000
"""Events that wait, unless `--rows` is less."""
LONGEST = 900.0
"""Seconds that are watched at most."""
_TENANTS = 10
_LOOK_SECONDS = 1.0
_STARTING_SECONDS = 3.0
_PART = 5
"""The first and the last of so many parts are compared."""


class Look(NamedTuple):
    at: float
    received: int
    memory: float


async def measure(bench: Bench) -> Sequence[Result]:
    world = World.served(bench)
    bench.work("webhook", WORKER)
    count = min(MOST, bench.rows) // _TENANTS * _TENANTS
    tenants = [await _tenant(world, number) for number in range(_TENANTS)]
    idle = bench.memory(WORKER)
    with bench.without(WORKER):
        await world.commit_events(tenants, count // _TENANTS)
    looks = await _watch(world, count)
    began = next(each for each in looks if each.received)
    steady = [each for each in looks if each.at >= began.at + _STARTING_SECONDS]
    length = max(len(steady) // _PART, 1)
    first, last = _rate(steady[: length + 1]), _rate(steady[-length - 1 :])
    highest = max(each.memory for each in looks)
    drained = f"{looks[-1].received:,} of {count:,} drained in {looks[-1].at - began.at:.0f} s"
    return [
        Result(
            f"drain rate, {count:,} waiting: the last fifth of the time",
            "the first fifth",
            last / first,
            "≥ 0.9",
            f"{last:.0f} and {first:.0f} a second; {drained}",
        ),
        Result(
            f"memory of the worker, {count:,} waiting, MiB", "", highest, "", f"{idle:.0f} idle"
        ),
    ]


async def _tenant(world: World, number: int) -> TenantId:
    wanted = {f"ok/{number}-{type}": {"event_types": [type]} for type in TYPES}
    return await world.tenant(wanted)


async def _watch(world: World, count: int) -> list[Look]:
    """Look on until all is received, or for LONGEST."""
    began, looks = time.monotonic(), [Look(0.0, 0, 0.0)]
    while looks[-1].received < count and looks[-1].at < LONGEST:
        await asyncio.sleep(_LOOK_SECONDS)
        received = (await world.sink.counts())["ok"]
        memory = world.bench.memory(WORKER)
        looks.append(Look(time.monotonic() - began, received, memory))
    return looks


def _rate(looks: Sequence[Look]) -> float:
    begin, end = looks[0], looks[-1]
    return (end.received - begin.received) / (end.at - begin.at)
