"""Features that announce events, each in a transaction of its own, at an even rate: a process."""

import asyncio
import json
import sys
import time
from asyncio.subprocess import PIPE, create_subprocess_exec
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

import uvloop

from payymo_api.banking.events import TransactionCreated
from payymo_api.cli.running import read_settings
from payymo_api.core.db import Database
from payymo_api.core.types import TenantId
from payymo_api.messaging import outbox


@dataclass(frozen=True, slots=True)
class Wish:
    """So many events at so many a second, for the tenants in turn."""

    tenants: Sequence[str]
    events: int
    rate: float


async def write(wish: Wish, environ: Mapping[str, str]) -> list[float]:
    """Return when each was about to be written and committed; `number` in its data names it."""
    program = await create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.webhooks.writer"), stdin=PIPE, stdout=PIPE, env=environ
    )
    told, _ = await program.communicate(json.dumps(asdict(wish)).encode())
    moments: list[float] = json.loads(told)
    return moments


async def _run(wish: Wish) -> list[float]:
    database = Database.of(read_settings())
    moments = [0.0] * wish.events
    tenants = [TenantId(UUID(each)) for each in wish.tenants]

    async def happen(number: int) -> None:
        async with database.write_scope(tenants[number % len(tenants)]) as scope:
            await outbox.record(scope, TransactionCreated(data=_data(number)))
            moments[number] = time.time()

    began = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for number in range(wish.events):
            await asyncio.sleep(began + number / wish.rate - time.monotonic())
            group.create_task(happen(number))
    await database.close()
    return moments


def _data(number: int) -> str:
    return (
        '{"transaction_id":"tr_06ghq1m2dpuh5c9s2rcmo3g8d4","account_id":'
        '"bacc_06ghq1m2dpuh5c9s2rcmo3g8d4","amount":100.50,"amount_minor":10050,"currency":"GBP",'
        f'"description":"INV-7 Thank you","date":"2026-11-23","number":{number}}}'
    )


if __name__ == "__main__":
    asked: dict[str, Any] = json.load(sys.stdin)
    print(json.dumps(uvloop.run(_run(Wish(**asked)))))
