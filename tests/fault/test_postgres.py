"""PostgreSQL goes and comes back: clients are told to wait, and for how long; nobody hangs."""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import asyncpg
import pytest

from tests.fault import ledger
from tests.fault.say import SUMMARY, say, sum_up
from tests.fault.stage import Stage
from tests.fault.traffic import BOUND, traffic

_RESTARTS = 4
_AWAY = 4.0
_RECOVERED = 5.0

pytestmark = pytest.mark.fault


async def test_clients_are_told_to_wait_while_postgresql_restarts(stage: Stage) -> None:
    players, reader = [await stage.player() for _ in range(4)], await stage.player()
    recoveries: list[float] = []
    async with traffic(stage, reader, 8) as seen:
        playing = asyncio.create_task(stage.play(players))
        for _ in range(_RESTARTS):
            await asyncio.sleep(_AWAY)
            with stage.stack.supervisor.without("postgres"):
                await asyncio.sleep(_AWAY)
            await _up(stage)
            back = time.monotonic()
            while not any(each.status == 200 for each in seen.since(back)):  # noqa: ASYNC110  seen
                await asyncio.sleep(0.05)
            recoveries.append(round(time.monotonic() - back, 2))
        await playing
    stage.players.remove(reader)
    await ledger.check(stage)
    refused = [each for each in seen.answers if each.status == 503]
    answers: dict[str, float] = {f"x {status}": count for status, count in seen.statuses().items()}
    told = {"s to recover": max(recoveries), "s slowest": round(seen.slowest(), 2)}
    sum_up("PostgreSQL restarted", {**stage.counts(), "restarts": _RESTARTS, **answers, **told})
    assert set(seen.statuses()) == {200, 503}
    assert all(each.is_problem and each.retry_after for each in refused)
    assert seen.slowest() < BOUND
    assert max(recoveries) <= _RECOVERED


async def _up(stage: Stage) -> None:
    """Wait for PostgreSQL itself."""
    async with asyncio.timeout(60):
        while True:
            with suppress(OSError, asyncpg.PostgresError):
                await (await asyncpg.connect(stage.stack.servers.database_url)).close()
                return
            await asyncio.sleep(0.05)


@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0,
    reason="a small disk of our own needs a mount namespace: Linux, as root",
)
def test_a_full_disk_refuses_whole_requests_until_there_is_room() -> None:
    """In a process of its own, whose mount nobody else sees and which ends with it."""
    with tempfile.TemporaryDirectory(prefix="payymo-disk-", dir="/var/lib") as place:
        Path(place).chmod(0o711)
        argv = ["unshare", "--mount", sys.executable, "-m", "tests.fault.small_disk", place]
        done = subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603  our own words
    say(done.stdout)
    assert done.returncode == 0
    SUMMARY.append(("disk full", done.stdout.splitlines()[-1]))
