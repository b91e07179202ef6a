"""Tenants with endpoints at the sink, and events that are committed for them."""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx

from benchmarks.harness import Bench
from benchmarks.webhooks.sink import Sink
from payymo_api.banking.events import TransactionCreated, TransactionUpdated
from payymo_api.core.types import TenantId, public_id
from payymo_api.messaging import outbox

WORKER = "worker-webhook"
TYPES = (TransactionCreated.name, TransactionUpdated.name)
"""Events are of each in turn."""
_BECOME = "SELECT set_config('payymo.tenant_id', $1, false)"
_PAYLOAD = TransactionCreated(data="").model_dump_json(exclude={"data"})
_EVENTS = """
INSERT INTO outbox_events (tenant_id, id, name, payload, data)
SELECT $1::uuid, (lpad(to_hex($3::bigint + n / 4096), 12, '0')
        || '7' || lpad(to_hex(n % 4096), 3, '0')
        || '8' || substr(md5($1::uuid::text || $3::bigint || n), 1, 15))::uuid,
    ($4::text[])[1 + n % cardinality($4::text[])], $5::jsonb,
    format('{"transaction_id":"tr_06ghq1m2dpuh5c9s2rcmo3g8d4","account_id":'
        '"bacc_06ghq1m2dpuh5c9s2rcmo3g8d4","amount":100.50,"amount_minor":10050,"currency":"GBP",'
        '"description":"INV-%s Thank you","date":"2026-11-23"}', n)
FROM generate_series(0, $2::bigint - 1) AS n
"""
"""Ids are such as `new_id` gives: in the order of time."""


_NUMBERS = "SELECT id, (data::json ->> 'number')::int AS number FROM outbox_events"


@dataclass(frozen=True, slots=True)
class World:
    """A sink, an API to register endpoints with, and one worker."""

    bench: Bench
    sink: Sink
    api: str

    @classmethod
    def served(cls, bench: Bench) -> "World":
        sink = bench.serve_baseline(sys.executable, "-m", "benchmarks.webhooks.sink", name="sink")
        return cls(bench, Sink(sink), bench.serve())

    async def tenant(self, endpoints: Mapping[str, Mapping[str, Any]]) -> TenantId:
        """Make a tenant with an endpoint at each of these paths of the sink; with these fields."""
        tenant_id, key = await self.bench.tenant("receiver")
        async with httpx.AsyncClient(
            base_url=f"{self.api}/api/v1", headers={"X-API-Key": key}, trust_env=False
        ) as client:
            for path, fields in endpoints.items():
                wish = {"url": f"{self.sink.url}/{path}", "event_types": ["*"], **fields}
                (await client.post("/webhook_endpoints", json=wish)).raise_for_status()
        return tenant_id

    async def commit_events(self, tenants: Sequence[TenantId], each: int) -> float:
        """Commit so many events for each tenant, all at once; return the moment before."""
        connection = await self.bench.connect(tenants[0])
        async with connection.transaction():
            first = int(time.time() * 1000)
            for tenant_id in tenants:
                await connection.execute(_BECOME, str(tenant_id))
                await connection.execute(_EVENTS, tenant_id, each, first, TYPES, _PAYLOAD)
            await connection.execute(f"NOTIFY {outbox.CHANNEL}")
            moment = time.perf_counter()
        await connection.close()
        return moment

    async def attempts(self, tenants: Sequence[TenantId]) -> int:
        """Return how many attempts are recorded."""
        rows = await self._rows(tenants, "SELECT count(*) FROM webhook_attempts")
        return sum(row["count"] for row in rows)

    async def numbers(self, tenants: Sequence[TenantId]) -> dict[str, int]:
        """Return the number of each event that `writer` has written, by the event's id."""
        rows = await self._rows(tenants, _NUMBERS)
        return {public_id("evt", row["id"]): row["number"] for row in rows}

    async def forget_events(self) -> None:
        """Delete all events with their deliveries."""
        owner = await asyncpg.connect(self.bench.settings.database_url)
        await owner.execute("TRUNCATE outbox_events CASCADE")
        await owner.close()

    async def _rows(self, tenants: Sequence[TenantId], statement: str) -> list[asyncpg.Record]:
        connection = await self.bench.connect(tenants[0])
        rows = []
        for tenant_id in tenants:
            await connection.execute(_BECOME, str(tenant_id))
            rows += await connection.fetch(statement)
        await connection.close()
        return rows


async def until(
    number: Callable[[], Awaitable[int]], least: int, patience: float, pause: float = 0.02
) -> None:
    """Wait for a number to grow to this. RuntimeError if it stands still for so many seconds."""
    seen, since = -1, time.monotonic()
    while (now := await number()) < least:
        if now > seen:
            seen, since = now, time.monotonic()
        elif time.monotonic() - since > patience:
            raise RuntimeError(f"there were {now} of {least}, and no more came")
        await asyncio.sleep(pause)
