"""More clients than the service can serve: it goes on serving, and turns the rest away at once."""

import asyncio
import os
import time
from statistics import median

import psutil
import pytest

from tests.fault import ledger
from tests.fault.say import say, sum_up
from tests.fault.stage import Stage
from tests.fault.traffic import BOUND, Traffic, percentile, traffic

_FEW = 8
_OVER = 10
_PHASE = 15.0  # seconds, of which the first third is not counted
_GOODPUT = 0.8  # of the peak
_SOAK = float(os.environ.get("PAYYMO_SOAK_SECONDS", "1200"))
_WARM_UP = 0.3  # of the soak
_LOOKS = 5  # at the memory, in a row; the median counts
_EVERY = 8.0  # seconds: a job begins that often at the most
_GROWTH = 0.05
_WATCHED = ("api", "worker-sync", "worker-webhook")

pytestmark = pytest.mark.fault


async def test_overload_costs_little_of_what_is_served(stage: Stage) -> None:
    """The peak is that of few clients; ten times as many ask without a pause, but as told."""
    player = await stage.player()
    peak, _ = await _phase(stage, _FEW)
    goodput, seen = await _phase(stage, _FEW * _OVER)
    after, _ = await _phase(stage, _FEW)
    stage.players.remove(player)
    refused = [each for each in seen.answers if each.status == 503]
    told = {
        "a second at the peak": round(peak),
        "a second in overload": round(goodput),
        "a second after it": round(after),
        "refused": len(refused),
        "s p99": round(percentile(seen.answers, 99), 2),
    }
    sum_up("overload x10", told)
    assert set(seen.statuses()) <= {200, 503}
    assert all(each.is_problem and each.retry_after for each in refused)
    assert seen.slowest() < BOUND
    assert goodput >= _GOODPUT * peak
    if refused:
        served = [each.seconds for each in seen.answers if each.status == 200]
        assert median(each.seconds for each in refused) <= max(served)


async def _phase(stage: Stage, clients: int) -> tuple[float, Traffic]:
    """Return the successes a second, once it runs evenly."""
    async with traffic(stage, stage.players[0], clients) as seen:
        await asyncio.sleep(_PHASE / 3)
        began = time.monotonic()
        await asyncio.sleep(_PHASE * 2 / 3)
        seconds = time.monotonic() - began
        good = sum(each.status == 200 for each in seen.since(began))
    return good / seconds, seen


async def test_memory_stays_where_it_is_over_many_main_jobs(stage: Stage) -> None:
    began, before = time.monotonic(), dict[str, float]()
    while time.monotonic() < began + _SOAK:
        if not before and time.monotonic() > began + _SOAK * _WARM_UP:
            before = await _memory(stage)
        turn = time.monotonic()
        await stage.play([await stage.player()])
        await asyncio.sleep(max(turn + _EVERY - time.monotonic(), 0))
    after = await _memory(stage)
    await ledger.check(stage)
    growth = {name: after[name] / before[name] - 1 for name in _WATCHED}
    told = {f"MB {name}": f"{before[name]:.0f} to {after[name]:.0f}" for name in _WATCHED}
    sum_up(f"soak of {_SOAK:.0f} s", {name: f"{value}," for name, value in told.items()})
    sum_up("soak", stage.counts())
    assert max(growth.values()) <= _GROWTH, growth


async def _memory(stage: Stage) -> dict[str, float]:
    """Return the resident megabytes of each process, at rest."""
    looks: dict[str, list[float]] = {name: [] for name in _WATCHED}
    for _ in range(_LOOKS):
        await asyncio.sleep(1)
        for name in _WATCHED:
            resident = psutil.Process(stage.stack.pid(name)).memory_info().rss
            looks[name].append(resident / 1e6)
    found = {name: median(each) for name, each in looks.items()}
    say(", ".join(f"{name} {value:.1f} MB" for name, value in found.items()))
    return found
