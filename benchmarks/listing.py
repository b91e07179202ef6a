"""GET /transactions: key check, scope, row-level security, Redis rate limit, exact JSON.

Against the same statement run by asyncpg and written by orjson in a bare Starlette app; both are
one process of uvicorn, and asked by the same clients.
"""

import json
import sys
from collections.abc import Sequence
from statistics import median

import asyncpg
import httpx

from benchmarks.delay import delayed
from benchmarks.harness import Bench, interleaved, ratio
from benchmarks.load import Answers, Load, put_load
from benchmarks.results import Result
from benchmarks.seeding import seed_lines
from payymo_api.core.types import TenantId

TENANTS = 100
LINES = 10_000
SECONDS = 3.0
CLIENTS = 16
PAGES = 200
PATH = "/api/v1/transactions"


async def measure(bench: Bench) -> Sequence[Result]:
    keys = await _seed(bench)
    ours = bench.serve()
    bare = await _serve_bare(bench, keys)
    with delayed(bench.settings.redis_url, 0.001) as far_redis:
        far = bench.serve("api-far", redis_url=far_redis)
        rates = await interleaved(
            bench.rounds,
            lambda: _rate(bare, "/", list(keys)),
            lambda: _rate(ours, PATH, list(keys)),
            lambda: _rate(far, PATH, list(keys)),
        )
    costs = await interleaved(
        bench.rounds,
        lambda: _cost(bench, "baseline", Load(bare, ["/"], list(keys), CLIENTS, SECONDS)),
        lambda: _cost(bench, "api", Load(ours, [PATH], list(keys), CLIENTS, SECONDS)),
    )
    rows = f"50 rows of {TENANTS * LINES:,} over {TENANTS} tenants"
    return [
        _compared(f"GET /transactions, {rows}", "bare Starlette + asyncpg + orjson", rates, 1, 0),
        _compared("the same, 1 ms added to Redis", "without", rates, 2, 1),
        _compared_cost(*costs),
        await _tail(bench, ours, list(keys)),
        await _late_page(bench, ours, next(iter(keys))),
    ]


async def measure_sizes(bench: Bench) -> Sequence[Result]:
    """A tenant of many lines against one of a hundredth."""
    few = bench.rows // 100
    large, large_key = await bench.tenant("large")
    small, small_key = await bench.tenant("small")
    await seed_lines(bench, {small: few, large: bench.rows})
    url = bench.serve()
    of_large, of_small = await interleaved(
        bench.rounds,
        lambda: _median(url, PATH, large_key),
        lambda: _median(url, PATH, small_key),
    )
    figures = f"median {median(of_large):.2f} ms against {median(of_small):.2f} ms, one client"
    what = f"GET /transactions, tenant of {bench.rows:,} lines"
    return [Result(what, f"tenant of {few:,}", ratio(of_large, of_small), "≤ 1.2", figures)]


async def _seed(bench: Bench) -> dict[str, TenantId]:
    tenants = [await bench.tenant(f"tenant {number}") for number in range(TENANTS)]
    await seed_lines(bench, {tenant_id: LINES for tenant_id, _ in tenants})
    return {key: tenant_id for tenant_id, key in tenants}


async def _serve_bare(bench: Bench, keys: dict[str, TenantId]) -> str:
    owner = await asyncpg.connect(bench.settings.database_url)
    for table in ("transactions", "bank_accounts"):
        await owner.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    await owner.close()
    tenants = json.dumps(
        {key: str(id) for key, id in keys.items()} | {"": str(next(iter(keys.values())))}
    )
    return bench.serve_baseline(
        sys.executable, "-m", "benchmarks.bare", bench.settings.database_url, tenants
    )


async def _rate(url: str, path: str, keys: Sequence[str]) -> float:
    return (await put_load(Load(url, [path], keys, CLIENTS, SECONDS))).rate


async def _cost(bench: Bench, program: str, load: Load) -> float:
    """Return a request's CPU time in the server: other programs on the machine change it least."""
    before = bench.cpu_seconds(program)
    answers = await put_load(load)
    return (bench.cpu_seconds(program) - before) / sum(answers.statuses.values())


async def _median(url: str, path: str, key: str) -> float:
    return (await put_load(Load(url, [path], [key], 1, SECONDS))).p50


def _compared(
    what: str, against: str, rates: Sequence[Sequence[float]], mine: int, base: int
) -> Result:
    bar = "≥ 0.55" if base == 0 else "≥ 0.85"
    figures = f"{median(rates[mine]):.0f} of {median(rates[base]):.0f} requests/s"
    return Result(what, against, ratio(rates[mine], rates[base]), bar, figures)


def _compared_cost(bare: Sequence[float], ours: Sequence[float]) -> Result:
    figures = f"{1000 * median(ours):.2f} ms against {1000 * median(bare):.2f} ms"
    what = "the same by the server's CPU time, baseline's / ours"
    return Result(what, "bare Starlette + asyncpg + orjson", ratio(bare, ours), "", figures)


async def _tail(bench: Bench, url: str, keys: Sequence[str]) -> Result:
    """All ask for a connection at once: four times as many as there are."""
    clients = 4 * bench.settings.database_pool
    load = Load(url, [PATH], keys, clients, SECONDS)
    found: list[Answers] = [await put_load(load) for _ in range(bench.rounds)]
    value = median(each.p99 / each.p50 for each in found)
    p50, p99 = (median(points) for points in zip(*((e.p50, e.p99) for e in found), strict=True))
    figures = f"p99 {p99:.1f} ms, p50 {p50:.1f} ms"
    return Result(
        f"p99 of {clients} clients, {clients // 4} connections", "p50", value, "≤ 3", figures
    )


async def _late_page(bench: Bench, url: str, key: str) -> Result:
    path = PATH
    async with httpx.AsyncClient(headers={"X-API-Key": key}, trust_env=False) as client:
        for _ in range(PAGES - 1):
            cursor = (await client.get(f"{url}{path}")).json()["next_cursor"]
            path = f"{PATH}?cursor={cursor}"
    late, first = await interleaved(
        bench.rounds, lambda: _median(url, path, key), lambda: _median(url, PATH, key)
    )
    figures = f"median {median(late):.2f} ms against {median(first):.2f} ms, one client"
    return Result(f"page {PAGES} by cursor", "page 1", ratio(late, first), "≤ 1.5", figures)
