"""The baseline of `deliveries`: sign what was sent, with the same function, and post it again.

An aiohttp session on uvloop; nothing is leased, judged, read or recorded meanwhile.
"""

import asyncio
import json
import sys
import time
from asyncio.subprocess import PIPE, create_subprocess_exec
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import cycle
from typing import Any, NamedTuple
from uuid import UUID

import aiohttp
import asyncpg
import uvloop

from payymo_api.core.types import public_id
from payymo_api.webhooks.rules import signing

_SENT = """
SELECT id, body FROM outbox_events WHERE tenant_id = $1 AND body IS NOT NULL
ORDER BY sequence DESC LIMIT $2
"""


@dataclass(frozen=True, slots=True)
class Wish:
    """Send each tenant's last `each` events, `at_once` at a time, to the URLs in turn."""

    database_url: str
    tenants: Sequence[str]
    each: int
    urls: Sequence[str]
    at_once: int


class Took(NamedTuple):
    """Deliveries a second by the clock, and a second of CPU."""

    by_clock: float
    by_cpu: float


async def send_bare(wish: Wish) -> Took:
    program = await create_subprocess_exec(
        sys.executable, "-m", "benchmarks.webhooks.bare", stdin=PIPE, stdout=PIPE
    )
    told, _ = await program.communicate(json.dumps(asdict(wish)).encode())
    return Took(*json.loads(told))


async def _run(wish: Wish) -> Took:
    events = await _sent(wish)
    secret = signing.new_secret()
    waiting = zip(events, cycle(wish.urls), strict=False)
    connector = aiohttp.TCPConnector(limit=wish.at_once)
    async with aiohttp.ClientSession(connector=connector) as session:
        began = time.perf_counter(), time.process_time()
        async with asyncio.TaskGroup() as group:
            for _ in range(wish.at_once):
                group.create_task(_post(session, waiting, secret))
        clock, cpu = time.perf_counter() - began[0], time.process_time() - began[1]
    return Took(len(events) / clock, len(events) / cpu)


async def _post(
    session: aiohttp.ClientSession,
    waiting: Iterator[tuple[tuple[str, bytes], str]],
    secret: bytes,
) -> None:
    for (event_id, body), url in waiting:
        headers = signing.headers([secret], event_id, body, datetime.now(UTC))
        async with session.post(url, data=body, headers=headers) as response:
            await response.read()
        response.raise_for_status()


async def _sent(wish: Wish) -> list[tuple[str, bytes]]:
    connection = await asyncpg.connect(wish.database_url)
    found = []
    for tenant in wish.tenants:
        await connection.execute(
            "SELECT set_config('role', 'payymo_app', false),"
            " set_config('payymo.tenant_id', $1, false)",
            tenant,
        )
        rows = await connection.fetch(_SENT, UUID(tenant), wish.each)
        found += [(public_id("evt", row["id"]), row["body"]) for row in rows]
    await connection.close()
    return found


if __name__ == "__main__":
    asked: dict[str, Any] = json.load(sys.stdin)
    print(json.dumps(uvloop.run(_run(Wish(**asked)))))
