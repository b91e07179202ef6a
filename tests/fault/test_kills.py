"""kill -9 at random moments of many main jobs: nothing lost, nothing doubled, all by itself."""

import os
import random

import pytest

from tests.fault import ledger
from tests.fault.kills import killing
from tests.fault.say import sum_up
from tests.fault.stage import Stage

JOBS = int(os.environ.get("PAYYMO_FAULT_JOBS", "200"))
_PAUSES = (0.3, 4.0)

pytestmark = pytest.mark.fault


async def test_main_jobs_survive_any_kill(stage: Stage, chance: random.Random) -> None:
    players = [await stage.player() for _ in range(JOBS)]
    with killing(stage.stack, chance, _PAUSES) as killed:
        await stage.play(players)
    await ledger.check(stage)
    sum_up("kill -9", stage.counts() | killed)
    assert sum(killed.values()) >= JOBS // 4
