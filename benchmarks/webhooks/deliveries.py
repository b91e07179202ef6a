"""Committed events to one worker's endpoints at a sink without latency, attempts recorded.

Against a loop that only signs and posts the same bytes to the same sink; each delivery is set
against the CPU time of the process that sends, as PostgreSQL and the sink share the cores.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from benchmarks.harness import Bench, interleaved, ratio
from benchmarks.results import Result
from benchmarks.webhooks.bare import Took, Wish, send_bare
from benchmarks.webhooks.world import TYPES, WORKER, World, until
from payymo_api.core.types import TenantId

MOST = 50_000
"""Events of a round, unless `--rows` is less."""
_TENANTS = 10
_AT_ONCE = 20  # that an endpoint gets unless it asks for another number
_WARMING = 200
_PATIENCE = 60.0


@dataclass(slots=True)
class Shape:
    """Tenants whose every event goes to one endpoint, and what was measured with them."""

    world: World
    name: str
    tenants: Sequence[TenantId]
    paths: Sequence[str]
    ours: list[Took] = field(default_factory=list)
    bare: list[Took] = field(default_factory=list)

    async def deliver(self, count: int) -> float:
        bench, each = self.world.bench, count // len(self.tenants)
        before = await self._received(), await self._recorded(), bench.cpu_seconds(WORKER)
        began = await self.world.commit_events(self.tenants, each)
        await until(self._received, before[0] + count, _PATIENCE)
        await until(self._recorded, before[1] + count, _PATIENCE)
        clock, cpu = time.perf_counter() - began, bench.cpu_seconds(WORKER) - before[2]
        self.ours.append(Took(count / clock, count / cpu))
        return count / cpu

    async def post_bare(self, count: int) -> float:
        wish = Wish(
            self.world.bench.settings.database_url,
            [str(each) for each in self.tenants],
            count // len(self.tenants),
            [f"{self.world.sink.url}/{path}" for path in self.paths],
            _AT_ONCE * len(self.paths),
        )
        self.bare.append(await send_bare(wish))
        return self.bare[-1].by_cpu

    async def _received(self) -> int:
        return (await self.world.sink.counts())["ok"]

    async def _recorded(self) -> int:
        return await self.world.attempts(self.tenants)


async def measure(bench: Bench) -> Sequence[Result]:
    world = World.served(bench)
    count = min(MOST, bench.rows) // 100 * 100
    bench.work("webhook", WORKER)
    return [
        *await _compared(await _one(world), bench.rounds, count),
        *await _compared(await _many(world), bench.rounds, count),
    ]


async def _one(world: World) -> Shape:
    return Shape(world, "one endpoint", [await world.tenant({"ok/one": {}})], ["ok/one"])


async def _many(world: World) -> Shape:
    """Each tenant has an endpoint for each type of event."""
    tenants: list[TenantId] = []
    paths: list[str] = []
    for number in range(_TENANTS):
        wanted = {f"ok/{number}-{type}": {"event_types": [type]} for type in TYPES}
        tenants.append(await world.tenant(wanted))
        paths += wanted
    return Shape(world, f"{len(paths)} endpoints of {_TENANTS} tenants", tenants, paths)


async def _compared(shape: Shape, rounds: int, count: int) -> list[Result]:
    await shape.deliver(_WARMING)
    await shape.post_bare(_WARMING)
    shape.ours, shape.bare = [], []
    ours, base = await interleaved(
        rounds, lambda: shape.deliver(count), lambda: shape.post_bare(count)
    )
    clock = [each.by_clock for each in shape.ours], [each.by_clock for each in shape.bare]
    what = f"deliveries a second of a worker's core, {count:,} events to {shape.name}"
    against = "sign and post, aiohttp"
    each = f"{1000 / median(ours):.3f} and {1000 / median(base):.3f} ms of CPU a delivery"
    by_clock = f"{median(clock[0]):.0f} of {median(clock[1]):.0f} a second"
    return [
        Result(what, "", median(ours), "≥ 5000", f"{by_clock} by the clock"),
        Result("the same", against, ratio(ours, base), "≥ 0.6", each),
        Result("the same by the clock", against, ratio(*clock), "", by_clock),
    ]
