"""GET /transactions: key check, scope, row-level security, Redis rate limit, exact JSON.

Against the same rows read by asyncpg and written by orjson in a bare Starlette app; both are served
by uvicorn and asked by the same client.
"""

import asyncio
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import httpx

from benchmarks.harness import Bench, interleaved, ratio
from benchmarks.results import Result

SECONDS = 3.0
CLIENTS = 8
_STATEMENT = Path(__file__).parents[1] / "examples" / "statement.camt053.xml"


async def measure(bench: Bench) -> Sequence[Result]:
    tenant_id, key = await bench.tenant("bench")
    url = f"{bench.serve()}/api/v1"
    bare = bench.serve_baseline(
        sys.executable, "-m", "benchmarks.bare", bench.settings.database_url, str(tenant_id)
    )
    async with httpx.AsyncClient(headers={"X-API-Key": key}, trust_env=False) as client:
        await _fill(client, url)
        base, ours = await interleaved(
            bench.rounds,
            lambda: _rate(client, bare),
            lambda: _rate(client, f"{url}/transactions"),
        )
    figures = f"{statistics.median(ours):.0f} of {statistics.median(base):.0f} requests/s"
    against = "bare Starlette + asyncpg + orjson"
    return [Result("GET /transactions, 8 rows", against, ratio(ours, base), "≥ 0.55", figures)]


async def _fill(client: httpx.AsyncClient, url: str) -> None:
    account = {"name": "bench", "currency": "GBP", "iban": "GB33BUKB20201555555555"}
    (await client.post(f"{url}/bank_accounts", json=account)).raise_for_status()
    files = {"file": ("statement.xml", _STATEMENT.read_bytes())}
    (await client.post(f"{url}/transactions/import", files=files)).raise_for_status()


async def _rate(client: httpx.AsyncClient, url: str) -> float:
    """Requests a second by CLIENTS concurrent callers."""
    done, end = 0, time.perf_counter() + SECONDS

    async def call() -> None:
        nonlocal done
        while time.perf_counter() < end:
            (await client.get(url)).raise_for_status()
            done += 1

    await asyncio.gather(*(call() for _ in range(CLIENTS)))
    return done / SECONDS
