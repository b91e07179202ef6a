"""GET /transactions/stats: a tenant of many lines against one of a hundredth, on the same days."""

import time
from collections.abc import Sequence
from statistics import median, quantiles

import httpx

from benchmarks.harness import Bench, interleaved, ratio
from benchmarks.results import Result
from benchmarks.seeding import DAYS, seed_lines

ASKED = 100
"""Requests in a round, one after another: p99 is then the slowest but one."""


async def measure(bench: Bench) -> Sequence[Result]:
    few = bench.rows // 100
    large, large_key = await bench.tenant("large")
    small, small_key = await bench.tenant("small")
    await seed_lines(bench, {small: few, large: bench.rows})
    url = f"{bench.serve()}/api/v1/transactions/stats"
    async with (
        httpx.AsyncClient(headers={"X-API-Key": large_key}, trust_env=False) as of_large,
        httpx.AsyncClient(headers={"X-API-Key": small_key}, trust_env=False) as of_small,
    ):
        ours, base = await interleaved(
            bench.rounds, lambda: _p99(of_large, url), lambda: _p99(of_small, url)
        )
    figures = f"p99 {median(ours):.0f} ms against {median(base):.0f} ms; {DAYS} days, 4 accounts"
    what = f"stats p99, tenant of {bench.rows:,} lines"
    return [Result(what, f"tenant of {few:,}", ratio(ours, base), "≤ 1.2", figures)]


async def _p99(client: httpx.AsyncClient, url: str) -> float:
    took = []
    for _ in range(ASKED):
        began = time.perf_counter()
        (await client.get(url)).raise_for_status()
        took.append((time.perf_counter() - began) * 1000)
    return quantiles(took, n=100)[98]
