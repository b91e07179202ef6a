"""POST /webhooks/stripe: signature, whose it is, row-level security, inbox, answer.

Against a bare Starlette handler that verifies the signature and inserts a row with asyncpg; both
are one process, sent the same events by the same clients.
"""

import sys
from collections.abc import Iterator, Sequence
from itertools import count
from statistics import median
from urllib.parse import urlsplit

import asyncpg
import orjson

from benchmarks import bare_intake
from benchmarks.harness import Bench, interleaved, ratio
from benchmarks.load import Answers, Load, put_load
from benchmarks.results import Result
from payymo_api.core.types import TenantId, new_id

PATH = "/webhooks/stripe"
SECRET = "whsec_of_the_benchmark"  # noqa: S105  signs nothing else
ACCOUNTS = 20
CLIENTS = 16
ASKED = 4000
"""Events of a round."""
PATIENCE = 120.0
_BAR = "≥ 0.6"
_CONNECTION = """
INSERT INTO stripe_connections (tenant_id, id, type, status, livemode, account_id)
VALUES ($1, $2, 'connect', 'active', true, $3)
"""


async def measure(bench: Bench) -> Sequence[Result]:
    owner = await asyncpg.connect(bench.settings.database_url)
    await bare_intake.clone(owner)
    await owner.close()
    accounts = [f"acct_{number:016}" for number in range(ACCOUNTS)]
    tenants = [await _connect(bench, account) for account in accounts]
    bodies = _bodies(accounts)
    ours = bench.serve(stripe_webhook_secrets=SECRET)
    url = bench.settings.database_url
    bare = bench.serve_baseline(
        sys.executable, "-m", "benchmarks.bare_intake", url, str(tenants[0]), SECRET
    )
    began = [bench.cpu_seconds(name) for name in ("api", "baseline")]
    told: dict[str, list[Answers]] = {"ours": [], "bare": []}
    mine, base = await interleaved(
        bench.rounds,
        lambda: _rate(f"{ours}{PATH}", bodies, told["ours"]),
        lambda: _rate(f"{bare}/", bodies, told["bare"]),
    )
    ended = [bench.cpu_seconds(name) for name in ("api", "baseline")]
    asked = bench.rounds * ASKED
    cpu = [1000 * (end - begin) / asked for end, begin in zip(ended, began, strict=True)]
    figures = (
        f"{median(mine):.0f} of {median(base):.0f} events/s, {CLIENTS} clients;"
        f" {cpu[0]:.2f} and {cpu[1]:.2f} ms of the server's CPU an event"
    )
    against = "signature and one INSERT, Starlette + asyncpg"
    return [
        Result(f"POST {PATH}", against, ratio(mine, base), _BAR, figures),
        _tail(told["ours"]),
    ]


async def _connect(bench: Bench, account: str) -> TenantId:
    tenant_id, _ = await bench.tenant(account)
    connection = await bench.connect(tenant_id)
    await connection.execute(_CONNECTION, tenant_id, new_id(), account)
    await connection.close()
    return tenant_id


def _bodies(accounts: Sequence[str]) -> Iterator[str]:
    """Events of a payment, as large as Stripe's are, each with an id of its own."""
    for number in count():
        intent = {
            "id": f"pi_{number // 4:024}",
            "object": "payment_intent",
            "amount": 10050,
            "currency": "gbp",
            "metadata": {f"key_{each}": "a value of some length" for each in range(40)},
            **{f"field_{each}": None for each in range(60)},
        }
        event = {
            "id": f"evt_{number:024}",
            "object": "event",
            "account": accounts[number % len(accounts)],
            "api_version": "2026-10-28.endive",
            "created": 1795426200,
            "data": {"object": intent},
            "livemode": True,
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
            "type": "payment_intent.succeeded",
        }
        yield orjson.dumps(event, option=orjson.OPT_INDENT_2).decode()


async def _rate(url: str, bodies: Iterator[str], told: list[Answers]) -> float:
    some = [next(bodies) for _ in range(ASKED)]
    split = urlsplit(url)
    address = f"{split.scheme}://{split.netloc}"
    load = Load(address, [split.path], ["-"], CLIENTS, PATIENCE, some, SECRET)
    told.append(await put_load(load))
    return told[-1].rate


def _tail(told: Sequence[Answers]) -> Result:
    figures = f"median {median(each.p50 for each in told):.1f} ms"
    p99 = median(each.p99 for each in told)
    return Result("their answers' p99", "ms", p99, "≤ 100", figures)
