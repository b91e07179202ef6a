"""Redis keeps nothing that matters: emptied or gone, the service goes on."""

import asyncio
import os
import random
import time
from contextlib import suppress
from dataclasses import replace

import pytest
from redis import Redis
from redis.exceptions import RedisError

from payymo_api.tenants import service as tenants
from tests.fault import ledger
from tests.fault.kills import repeating
from tests.fault.say import sum_up
from tests.fault.stage import Player, Stage
from tests.fault.traffic import BOUND, traffic

_JOBS = 12
_AWAY = float(os.environ.get("PAYYMO_REDIS_AWAY_SECONDS", "60"))
_LIMIT = 60  # requests a minute of the client that is to be slowed down

pytestmark = pytest.mark.fault


async def test_main_jobs_survive_a_redis_that_is_emptied_again_and_again(
    stage: Stage, chance: random.Random
) -> None:
    flushes = 0

    def flush() -> None:
        nonlocal flushes
        with suppress(RedisError), Redis.from_url(stage.stack.servers.redis_url) as redis:
            redis.flushall()
            flushes += 1

    players = [await stage.player() for _ in range(_JOBS)]
    with repeating(flush, chance, (0.2, 2.0)):
        await stage.play(players)
    await ledger.check(stage)
    sum_up("Redis emptied", stage.counts() | {"flushes": flushes})


async def test_redis_may_be_away_for_a_minute(stage: Stage) -> None:
    """No client sees it: no 5xx, and limits that are at most doubled, kept in the process."""
    players = [await stage.player() for _ in range(4)]
    reader, limited = await stage.player(), await _limited(stage)
    async with traffic(stage, limited, 1) as slowed, traffic(stage, reader, 4) as seen:
        while not slowed.statuses()[429]:  # noqa: ASYNC110  it is seen
            await asyncio.sleep(0.2)
        playing = asyncio.create_task(stage.play(players))
        with stage.stack.supervisor.without("redis"):
            began = time.monotonic()
            await asyncio.sleep(_AWAY)
            seconds = time.monotonic() - began
            passed = sum(each.status == 200 for each in slowed.since(began))
        await playing
    for player in (reader, limited):
        stage.players.remove(player)  # they have no books
    await ledger.check(stage)
    answers = {f"x {status}": count for status, count in seen.statuses().items()}
    slowest = {"s slowest": round(seen.slowest(), 2), "passed a limit of 60": passed}
    sum_up("Redis away", {**stage.counts(), **answers, **slowest})
    assert set(seen.statuses()) == {200}
    assert set(slowed.statuses()) == {200, 429}
    assert seen.slowest() < BOUND
    assert passed <= 2 * _LIMIT * max(seconds / 60, 1) + 1


async def _limited(stage: Stage) -> Player:
    player = await stage.player()
    made = await tenants.create_first_key(
        stage.database, stage.settings, player.tenant_id, "slow", _LIMIT
    )
    stage.players.remove(player)
    slow = replace(player, key=made.key)
    stage.players.append(slow)
    return slow
