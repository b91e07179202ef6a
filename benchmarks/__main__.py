"""`make bench`: ratios to a baseline in the same run, so that the machine matters little.

GET /transactions (50 rows; key check, scope, row-level security, Redis rate limit) against the same
rows read by asyncpg and written by orjson in a bare Starlette app, both served by uvicorn here.
"""

import asyncio
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg
import httpx
import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from payymo_api.core.types import parse_public_id
from payymo_api.local.home import discard
from payymo_api.local.ports import free_port
from payymo_api.local.receiver import Receiver
from payymo_api.local.stack import Stack, running_stack
from payymo_api.local.story import MainJob

ROUNDS = 5
SECONDS = 3.0
CLIENTS = 8
BARE = """SELECT id, account_id, amount_minor, currency, booked_on, description, reference, note
FROM transactions WHERE tenant_id = $1 AND removed_at IS NULL
ORDER BY booked_on DESC, id DESC LIMIT 50"""


def bare_app(url: str, tenant: str) -> Starlette:
    """The least that answers the question, as the tenant's role needs it."""
    pool: asyncpg.Pool | None = None

    async def answer(_: Request) -> Response:
        nonlocal pool
        pool = pool or await asyncpg.create_pool(url, min_size=8, max_size=8)
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "SELECT set_config('role', 'payymo_app', true),"
                " set_config('payymo.tenant_id', $1, true)",
                tenant,
            )
            rows = await connection.fetch(BARE, tenant)
        return Response(orjson.dumps([dict(row) for row in rows], default=str))

    return Starlette(routes=[Route("/", answer)])


async def rate(get: Callable[[], Awaitable[httpx.Response]]) -> float:
    """Requests a second by CLIENTS concurrent callers."""
    done, end = 0, time.perf_counter() + SECONDS

    async def call() -> None:
        nonlocal done
        while time.perf_counter() < end:
            (await get()).raise_for_status()
            done += 1

    await asyncio.gather(*(call() for _ in range(CLIENTS)))
    return done / SECONDS


async def compare(ours: str, key: str, bare: str) -> list[tuple[float, float]]:
    async with httpx.AsyncClient(headers={"X-API-Key": key}, trust_env=False) as client:
        return [
            (await rate(lambda: client.get(bare)), await rate(lambda: client.get(ours)))
            for _ in range(ROUNDS)
        ]


def measure(stack: Stack) -> None:
    with Receiver() as receiver:
        MainJob(stack, receiver, lambda _: None).play()
    tenant = json.loads(stack.run("tenant", "create", "--name", "bench", "--json"))["id"]
    key = json.loads(
        stack.run("key", "create", "--tenant", tenant, "--per-minute", "100000000", "--json")
    )["key"]
    headers = {"X-API-Key": key}
    account = {"name": "bench", "currency": "GBP", "iban": "GB33BUKB20201555555555"}
    httpx.post(f"{stack.base_url}/api/v1/bank_accounts", headers=headers, json=account)
    statement = Path("examples/statement.camt053.xml")
    stack.run("import", str(statement), "--tenant", tenant)
    port = free_port()
    bare = subprocess.Popen(  # noqa: S603  this program
        [sys.executable, "-m", "benchmarks", "bare", str(port), stack.servers.database_url, tenant]
    )
    try:
        time.sleep(2)
        pairs = asyncio.run(
            compare(f"{stack.base_url}/api/v1/transactions", key, f"http://127.0.0.1:{port}/")
        )
    finally:
        bare.terminate()
        bare.wait(10)
    report(pairs)


def report(pairs: list[tuple[float, float]]) -> None:
    baseline, ours = (statistics.median(each) for each in zip(*pairs, strict=True))
    ratio = statistics.median(mine / base for base, mine in pairs)
    print(f"machine: {platform.platform()}, Python {platform.python_version()}")
    print(f"bare Starlette + asyncpg + orjson: {baseline:.0f} requests/s (1.00)")
    print(f"GET /api/v1/transactions:          {ours:.0f} requests/s ({ratio:.2f})")


def main() -> None:
    if sys.argv[1:2] == ["bare"]:
        port, url, tenant = sys.argv[2:5]
        app = bare_app(url, str(parse_public_id("tenant", tenant)))
        uvicorn.run(app, port=int(port), log_level="warning", loop="uvloop", http="httptools")
        return
    folder = Path(tempfile.mkdtemp(prefix="payymo-bench-")) / "payymo"
    try:
        with running_stack(folder) as stack:
            measure(stack)
    finally:
        discard(folder)


main()
