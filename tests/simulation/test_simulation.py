"""Whole lives of the service, each from a seed; a seed that fails is printed and replays.

`PAYYMO_SIMULATION_SEED=17` runs that one only and shows its trace; the many lives of `make fault`
are those that follow its own seed.
"""

import os
from collections.abc import Sequence
from contextlib import aclosing

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from payymo_api.core.settings import Settings
from tests.simulation.invariants import check_always, check_at_rest
from tests.simulation.world import World, fake_time

ONE = os.environ.get("PAYYMO_SIMULATION_SEED")
FEW = [int(ONE)] if ONE else range(50)
FIRST = int(os.environ.get("PAYYMO_FAULT_SEED", "50"))
MANY = range(FIRST, FIRST + 1000)


async def live(
    seed: int, engine: AsyncEngine, eye: asyncpg.Connection, settings: Settings
) -> World:
    """Live one seed through; AssertionError where an invariant breaks."""
    with fake_time(seed) as timeline:
        world = World(timeline, engine, eye, settings)
        try:
            async with aclosing(world.play()) as days:
                async for _ in days:
                    await check_always(world)
            await check_at_rest(world)
        finally:
            await timeline.end()
    return world


async def _live_all(
    seeds: Sequence[int], engine: AsyncEngine, eye: asyncpg.Connection, settings: Settings
) -> None:
    for seed in seeds:
        print(f"PAYYMO_SIMULATION_SEED={seed}")  # noqa: T201  the last one printed has failed
        world = await live(seed, engine, eye, settings)
        if ONE:
            print("\n".join(world.timeline.trace))  # noqa: T201  the trace that was asked for


async def test_nothing_is_lost_and_nothing_is_doubled(
    engine: AsyncEngine, eye: asyncpg.Connection, settings: Settings
) -> None:
    await _live_all(FEW, engine, eye, settings)


@pytest.mark.fault
async def test_nothing_is_lost_and_nothing_is_doubled_in_many_lives(
    engine: AsyncEngine, eye: asyncpg.Connection, settings: Settings
) -> None:
    await _live_all(MANY, engine, eye, settings)


async def test_a_seed_replays(
    engine: AsyncEngine, eye: asyncpg.Connection, settings: Settings
) -> None:
    first, again = [await live(3, engine, eye, settings) for _ in range(2)]

    assert first.timeline.trace == again.timeline.trace
    assert first.sink.receipts == again.sink.receipts
