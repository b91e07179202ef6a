"""Events for endpoints of every kind while everything is killed: acceptance of outgoing webhooks.

Every event that an endpoint is owed comes to it at least once, always with the same id and bytes
and a right signature; in order where that was asked for; and nothing after an endpoint's end, or
its pause, was answered.
"""

import asyncio
import os
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass

import pytest
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import text

from payymo_api.local.supervisor import Program
from payymo_api.tenants import service as tenants
from tests.fault import ledger
from tests.fault.customers import KINDS, Caller, Customer
from tests.fault.kills import VICTIMS, killing, repeating
from tests.fault.mailbox import PostOffice
from tests.fault.say import say, sum_up
from tests.fault.stage import Stage

EVENTS = int(os.environ.get("PAYYMO_FAULT_EVENTS", "100000"))
KILLS = int(os.environ.get("PAYYMO_FAULT_KILLS", "100"))
FLUSHES = int(os.environ.get("PAYYMO_FAULT_FLUSHES", "10"))
_TENANTS = 4
_LIMIT = 1_000_000
_SECOND = "worker-webhook-2"
_PATIENCE = 120.0
_OPEN = """
SELECT count(*) FROM webhook_deliveries d
JOIN webhook_endpoints e ON e.tenant_id = d.tenant_id AND e.id = d.endpoint_id
WHERE d.status <> 'delivered' AND e.removed_at IS NULL"""


@dataclass(frozen=True, slots=True)
class Trial:
    """How much happens, and the seconds between kills, flushes and changes of endpoints."""

    events: int
    kills: int
    flushes: int
    killing: tuple[float, float]
    flushing: tuple[float, float]
    changing: tuple[float, float]


async def test_some_events_survive_some_kills(stage: Stage, chance: random.Random) -> None:
    await _endure(stage, chance, Trial(400, 4, 1, (0.2, 1.0), (0.5, 3.0), (0.3, 1.0)))


@pytest.mark.fault
async def test_events_survive_any_kill(stage: Stage, chance: random.Random) -> None:
    trial = Trial(EVENTS, KILLS, FLUSHES, (0.3, 4.0), (10.0, 60.0), (0.5, 5.0))
    await _endure(stage, chance, trial)


async def _endure(stage: Stage, chance: random.Random, trial: Trial) -> None:
    command = [*stage.stack.command, "worker", "webhook"]
    stage.stack.supervisor.start(Program(_SECOND, command, stage.stack.environment))
    with PostOffice(random.Random(chance.random())) as office:  # noqa: S311  repeatable
        async with _customers(stage, chance, office) as customers:
            faults = await _happen(stage, chance, trial, customers)
            await _all_came(stage, customers)
    counts = Counter(
        receipts=sum(box.received for each in customers for box in each.boxes()),
        changes=sum(each.changes for each in customers),
    )
    sum_up("webhooks", {"events": trial.events, **counts, **faults})
    await _judge(stage, customers)
    assert sum(faults.values()) >= trial.kills + trial.flushes


@asynccontextmanager
async def _customers(
    stage: Stage, chance: random.Random, office: PostOffice
) -> AsyncIterator[list[Customer]]:
    async with AsyncExitStack() as open_:
        yield [await _customer(stage, chance, office, open_) for _ in range(_TENANTS)]


async def _customer(
    stage: Stage, chance: random.Random, office: PostOffice, open_: AsyncExitStack
) -> Customer:
    tenant_id = await tenants.create_tenant(stage.database, name="Customer", plan="premium")
    made = await tenants.create_first_key(
        stage.database, stage.settings, tenant_id, "fault", _LIMIT
    )
    caller = Caller(stage.stack.base_url, made.key)
    open_.push_async_callback(caller.aclose)
    customer = Customer(tenant_id, caller, office, random.Random(chance.random()))  # noqa: S311  repeatable
    for kind, ordering in KINDS.items():
        await customer.register(kind, ordering)
    return customer


async def _happen(
    stage: Stage, chance: random.Random, trial: Trial, customers: Sequence[Customer]
) -> Counter[str]:
    """Let events, faults and changes happen side by side; return the faults."""
    flushed = Counter[str]()
    own = [random.Random(chance.random()) for _ in range(2)]  # noqa: S311  repeatable

    def flush() -> None:
        with suppress(RedisError), Redis.from_url(stage.stack.servers.redis_url) as redis:
            redis.flushall()
            flushed["flushes"] += 1

    def turn(share: float) -> bool:
        """Events and faults are to be through together."""
        return (
            sum(killed.values()) >= share * trial.kills
            and flushed["flushes"] >= share * trial.flushes
        )

    with (
        killing(stage.stack, own[0], trial.killing, (*VICTIMS, _SECOND)) as killed,
        repeating(flush, own[1], trial.flushing),
    ):
        orderings = list(KINDS.values())
        changing = [
            asyncio.create_task(
                each.change_again_and_again(orderings[place % len(orderings)], trial.changing)
            )
            for place, each in enumerate(customers)
        ]
        async with asyncio.TaskGroup() as group:
            for each in customers:
                group.create_task(each.write(stage.database, trial.events // _TENANTS, turn))
        say(f"{trial.events} events are committed")
        for task in changing:
            task.cancel()
        ended = await asyncio.gather(*changing, return_exceptions=True)
        assert all(isinstance(each, asyncio.CancelledError) for each in ended), ended
    return killed | flushed


async def _all_came(stage: Stage, customers: Sequence[Customer]) -> None:
    """Wait until every endpoint has accepted all that it is owed; as long as anything comes."""
    owed = {each.tenant_id: await each.events(stage.database) for each in customers}
    seen, since = -1, time.monotonic()
    while missing := sum(
        event not in endpoint.box.accepted
        for each in customers
        for endpoint in each.endpoints
        for event, (number, _) in owed[each.tenant_id].items()
        if number >= endpoint.since
    ):
        if missing != seen:
            seen, since = missing, time.monotonic()
            say(f"{missing} deliveries are to come")
        assert time.monotonic() - since < _PATIENCE, f"{missing} deliveries never came"
        await asyncio.sleep(1)
    await _recorded(stage, customers)


async def _recorded(stage: Stage, customers: Sequence[Customer]) -> None:
    """Wait until the service knows that all came."""
    async with asyncio.timeout(_PATIENCE):
        for each in customers:
            while await _open(stage, each):  # noqa: ASYNC110  it is seen
                await asyncio.sleep(0.5)


async def _open(stage: Stage, customer: Customer) -> int:
    async with stage.database.scope(customer.tenant_id) as scope:
        return int(await scope.session.scalar(text(_OPEN)) or 0)


async def _judge(stage: Stage, customers: Sequence[Customer]) -> None:
    for each in customers:
        faults = sum((box.faults for box in each.boxes()), Counter[str]())
        examples = [told for box in each.boxes() for told in box.examples]
        assert not faults, (faults, examples)
        events = await each.events(stage.database)
        assert all(events[id][1] == body for id, body in each.kept.items())
        async with stage.database.scope(each.tenant_id) as scope:
            for sentence in ("sequences have no gap", "every public event has its place"):
                broken = (await scope.session.execute(text(ledger.INVARIANTS[sentence]))).all()
                assert not broken, f"{sentence}: {broken[:5]}"
