"""From an event's commit to its receipt, at an even rate; and with sick endpoints among many.

The clock starts before the event's transaction is written and committed, as the writer sees it, and
stops when the sink has read the request.
"""

from collections.abc import Sequence
from statistics import median, quantiles
from typing import NamedTuple

from benchmarks.harness import Bench, interleaved, ratio
from benchmarks.results import Result
from benchmarks.webhooks.world import WORKER, World, until
from benchmarks.webhooks.writer import Wish, write
from payymo_api.core.types import TenantId

_WARM_SECONDS = 3
_PATIENCE = 60.0

RATE, TENANTS, SECONDS = 500, 10, 12
"""Events a second of the first measure, each to one endpoint."""

ENDPOINTS, CROWD, CROWD_RATE, CROWD_SECONDS = 10, 100, 50, 22
"""Of each of a crowd of tenants, who have so many events a second together."""
SICK = "hang", "error"
"""How the first endpoint of every second tenant is sick, and that of the others."""


class Waits(NamedTuple):
    """Milliseconds."""

    p50: float
    p99: float


async def measure(bench: Bench) -> Sequence[Result]:
    world = World.served(bench)
    bench.work("webhook", WORKER)
    tenants = [await world.tenant({f"noted/{number}": {}}) for number in range(TENANTS)]
    found = [await _waits(world, tenants, RATE, SECONDS, 1) for _ in range(bench.rounds)]
    p50, p99 = median(each.p50 for each in found), median(each.p99 for each in found)
    what = f"from commit to receipt at {RATE} events a second"
    figures = f"{TENANTS} endpoints, {RATE * (SECONDS - _WARM_SECONDS)} events a round"
    return [
        Result(f"median {what}, ms", "", p50, "≤ 25", figures),
        Result(f"p99 {what}, ms", "", p99, "≤ 120", figures),
    ]


async def measure_fairness(bench: Bench) -> Sequence[Result]:
    """Sick and well endpoints are on one host, as those of Zapier are."""
    world = World.served(bench)
    bench.work("webhook", WORKER)
    well = [await world.tenant(_endpoints(number)) for number in range(CROWD)]
    sick = [await world.tenant(_endpoints(number, *SICK)) for number in range(CROWD)]
    waits: dict[str, list[Waits]] = {"sick": [], "well": []}
    ours, base = await interleaved(
        bench.rounds,
        lambda: _p99(world, sick, ENDPOINTS - 1, waits["sick"]),
        lambda: _p99(world, well, ENDPOINTS, waits["well"]),
    )
    count = ENDPOINTS * CROWD
    medians = [median(each.p50 for each in waits[name]) for name in ("sick", "well")]
    figures = (
        f"p99 {median(ours):.0f} ms against {median(base):.0f} ms, median {medians[0]:.0f} and"
        f" {medians[1]:.0f} ms; {CROWD_RATE * ENDPOINTS} deliveries a second"
    )
    what = f"p99 of the healthy of {count:,} endpoints, 5 % hanging and 5 % answering 500"
    return [Result(what, "none of them sick", ratio(ours, base), "≤ 1.5", figures)]


def _endpoints(tenant: int, *sick: str) -> dict[str, dict[str, str]]:
    first = sick[tenant % len(sick)] if sick else "noted"
    manners = [first, *("noted",) * (ENDPOINTS - 1)]
    return {f"{manner}/{tenant}-{number}": {} for number, manner in enumerate(manners)}


async def _p99(
    world: World, tenants: Sequence[TenantId], receipts: int, kept: list[Waits]
) -> float:
    """Measure with a worker that was started just now and finds nothing left to do."""
    with world.bench.without(WORKER):
        await world.forget_events()
    await world.sink.arrivals()
    kept.append(await _waits(world, tenants, CROWD_RATE, CROWD_SECONDS, receipts))
    return kept[-1].p99


async def _waits(
    world: World, tenants: Sequence[TenantId], rate: int, seconds: int, receipts: int
) -> Waits:
    """Let events happen, each with so many receipts; the first seconds don't count."""
    before = (await world.sink.counts())["noted"]
    wish = Wish([str(each) for each in tenants], rate * seconds, rate)
    moments = await write(wish, world.bench.environment)

    async def noted() -> int:
        return (await world.sink.counts())["noted"] - before

    await until(noted, receipts * len(moments), _PATIENCE)
    numbers = await world.numbers(tenants)
    first = _WARM_SECONDS * rate
    took = [
        1000 * (arrival.at - moments[numbers[arrival.event_id]])
        for arrival in await world.sink.arrivals()
        if numbers[arrival.event_id] >= first
    ]
    points = quantiles(took, n=100)
    return Waits(points[49], points[98])
