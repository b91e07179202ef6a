"""POST /reconciliation/match: key check, rate limit, idempotency, locks, match, events, answer.

Against three INSERTs in one transaction on asyncpg in a bare Starlette app; and without HTTP, the
service in one scope against the same INSERTs. Each match is of a line and an invoice of its own.
"""

import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from itertools import islice
from statistics import median
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
import orjson

from benchmarks import bare_match
from benchmarks.harness import Bench, interleaved, ratio
from benchmarks.load import Load, put_load
from benchmarks.results import Result
from payymo_api.core.types import TenantId, public_id
from payymo_api.reconciliation.schemas import MatchRequest
from payymo_api.reconciliation.service import matching

PATH = "/api/v1/reconciliation/match"
CLIENTS = 16
ASKED = 1500
"""Requests of a round."""
ALONE = 300
"""Matches of a round without HTTP, one after another."""
PATIENCE = 120.0
_BAR = "≥ 0.6"
_SEED = """
WITH lines AS (
    SELECT n, 10050 + n AS amount,
        ('01a20c86-0000-7000-8000-' || lpad(to_hex(2 * n), 12, '0'))::uuid AS line,
        ('01a20c86-0000-7000-8000-' || lpad(to_hex(2 * n + 1), 12, '0'))::uuid AS invoice
    FROM generate_series(1, $2::int) AS n
), accounts AS (
    INSERT INTO bank_accounts (tenant_id, id, name, currency, status)
    VALUES ($1, gen_random_uuid(), 'Current account', 'GBP', 'no_feed') RETURNING id
), customers AS (
    INSERT INTO customers (tenant_id, id, number, name, is_person, iban, metadata)
    SELECT $1, gen_random_uuid(), n::text, 'Customer ' || n, false, '{}', '{}'
    FROM generate_series(0, 499) AS n RETURNING id, number
), invoices AS (
    INSERT INTO invoices (tenant_id, id, number, kind, customer_id, issued_on, amount_minor,
        currency, source, metadata)
    SELECT $1, invoice, 'INV-' || n, 'invoice', customers.id, '2026-01-02', amount, 'GBP', 'api',
        '{}'
    FROM lines JOIN customers ON customers.number = (n % 500)::text
), transactions AS (
    INSERT INTO transactions (tenant_id, id, account_id, status, amount_minor, currency, booked_on,
        description, reference, counterparty_name, counterparty_iban, examined_at, fingerprint,
        occurrence, internal_id, source, raw)
    SELECT $1, line, accounts.id, 'booked', amount, 'GBP', '2026-01-20', 'Payment for services',
        'INV-' || n, 'Customer ' || n % 500, 'GB33BUKB' || lpad((n % 500)::text, 14, '0'), now(),
        decode(md5(n::text), 'hex'), 1, 'line-' || n, 'feed', '{"bookingDate": "2026-01-20"}'
    FROM lines, accounts
)
SELECT line, invoice, amount FROM lines
"""


async def measure(bench: Bench) -> Sequence[Result]:
    tenant_id, key = await bench.tenant("matching")
    owner = await asyncpg.connect(bench.settings.database_url)
    await bare_match.clone(owner)
    await owner.close()
    bodies = await _seed(bench, tenant_id)
    return [
        await _over_http(bench, tenant_id, key, bodies),
        await _without_http(bench, tenant_id, bodies),
    ]


async def _seed(bench: Bench, tenant_id: TenantId) -> Iterator[bytes]:
    """Return the bodies of requests, each for a line and an invoice of its own."""
    connection = await bench.connect(tenant_id)
    count = bench.rounds * 2 * (ASKED + ALONE)
    rows = await connection.fetch(_SEED, tenant_id, count)
    await connection.close()
    owner = await asyncpg.connect(bench.settings.database_url)
    await owner.execute("ANALYZE bank_accounts, customers, invoices, transactions")
    await owner.close()
    return iter([_body(*row) for row in rows])


def _body(line: UUID, invoice: UUID, minor: int) -> bytes:
    allocation = {
        "transaction_id": public_id("tr", line),
        "document_type": "invoice",
        "document_id": public_id("inv", invoice),
        "amount_minor": minor,
    }
    return orjson.dumps({"allocations": [allocation], "note": "paid by bank transfer"})


async def _over_http(
    bench: Bench, tenant_id: TenantId, key: str, bodies: Iterator[bytes]
) -> Result:
    ours = bench.serve()
    url = bench.settings.database_url
    bare = bench.serve_baseline(sys.executable, "-m", "benchmarks.bare_match", url, str(tenant_id))
    began = [bench.cpu_seconds(name) for name in ("api", "baseline")]
    mine, base = await interleaved(
        bench.rounds,
        lambda: _rate(f"{ours}{PATH}", key, bodies),
        lambda: _rate(f"{bare}/", key, bodies),
    )
    ended = [bench.cpu_seconds(name) for name in ("api", "baseline")]
    asked = bench.rounds * ASKED
    cpu = [1000 * (end - begin) / asked for end, begin in zip(ended, began, strict=True)]
    figures = (
        f"{median(mine):.0f} of {median(base):.0f} requests/s, {CLIENTS} clients;"
        f" {cpu[0]:.2f} and {cpu[1]:.2f} ms of the server's CPU a request"
    )
    what = "POST /reconciliation/match"
    return Result(what, "three INSERTs, Starlette + asyncpg", ratio(mine, base), _BAR, figures)


async def _rate(url: str, key: str, bodies: Iterator[bytes]) -> float:
    some = [body.decode() for body in islice(bodies, ASKED)]
    split = urlsplit(url)
    load = Load(f"{split.scheme}://{split.netloc}", [split.path], [key], CLIENTS, PATIENCE, some)
    return (await put_load(load)).rate


async def _without_http(bench: Bench, tenant_id: TenantId, bodies: Iterator[bytes]) -> Result:
    connection = await asyncpg.connect(bench.settings.database_url)

    async def ours(body: bytes) -> None:
        request = MatchRequest.model_validate_json(body)
        async with bench.database.write_scope(tenant_id) as scope:
            await matching.match(scope, request, "key_of_the_benchmark")

    async def bare(body: bytes) -> None:
        await bare_match.keep(connection, tenant_id, body)

    mine, base = await interleaved(
        bench.rounds, lambda: _rate_alone(ours, bodies), lambda: _rate_alone(bare, bodies)
    )
    await connection.close()
    figures = f"{median(mine):.0f} of {median(base):.0f} a second, one after another"
    return Result("a match without HTTP", "three INSERTs, asyncpg", ratio(mine, base), "", figures)


async def _rate_alone(match: Callable[[bytes], Awaitable[None]], bodies: Iterator[bytes]) -> float:
    began = time.perf_counter()
    for body in islice(bodies, ALONE):
        await match(body)
    return ALONE / (time.perf_counter() - began)
