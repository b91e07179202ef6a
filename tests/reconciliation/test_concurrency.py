"""Many at once: the bounds hold at every moment, and the sums are exact afterwards."""

import asyncio
import random
from collections import Counter

import httpx
from sqlalchemy import func, select

from payymo_api.banking.models import Transaction
from payymo_api.core.db import Database
from payymo_api.core.types import TenantId
from payymo_api.invoicing.models import Invoice
from payymo_api.reconciliation.models import Allocation, Match
from tests.invoicing.factories import make_invoice
from tests.reconciliation.factories import MATCH, make_line, match, part, settled


async def test_of_many_equal_matches_one_is_made(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    paid, money = await make_invoice(client), await make_line(database, tenant_id, 10000)
    body = {"allocations": [part(money, paid["id"], 10000)]}

    answers = await asyncio.gather(
        *(
            client.post(MATCH, json=body, headers={"Idempotency-Key": str(number)})
            for number in range(60)
        )
    )

    assert Counter(each.status_code for each in answers) == {201: 1, 409: 59}
    assert {each.json()["code"] for each in answers if each.status_code == 409} == (
        {"line_over_allocated"}
    )
    assert await settled(client, paid["id"]) == (10000, "paid")


async def test_one_key_makes_one_match_and_answers_alike(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    paid, money = await make_invoice(client), await make_line(database, tenant_id, 10000)
    body = {"allocations": [part(money, paid["id"], 10000)]}
    header = {"Idempotency-Key": "one"}

    answers = await asyncio.gather(
        *(client.post(MATCH, json=body, headers=header) for _ in range(40))
    )
    answers.append(await client.post(MATCH, json=body, headers=header))

    made = {each.content for each in answers if each.status_code == 201}
    others = {each.json()["code"] for each in answers if each.status_code != 201}
    assert len(made) == 1
    assert answers[-1].headers["Idempotent-Replayed"] == "true"
    assert others <= {"idempotency_in_flight"}


async def test_bounds_hold_while_matches_come_and_go(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    chance = random.Random(7)  # noqa: S311  a repeatable order, no secret
    invoices = [(await make_invoice(client))["id"] for _ in range(4)]
    lines = [await make_line(database, tenant_id, 10000) for _ in range(4)]
    made: list[str] = []

    async def one_of_us() -> None:
        for _ in range(12):
            if made and chance.random() < 0.4:
                answer = await client.delete(f"{MATCH}/{made.pop(chance.randrange(len(made)))}")
            else:
                pairs = zip(chance.sample(lines, 2), chance.sample(invoices, 2), strict=True)
                parts = [part(*pair, chance.randint(1, 6000)) for pair in pairs]
                answer = await match(client, *parts)
                if answer.status_code == 201:
                    made.append(answer.json()["id"])
            assert answer.status_code in {201, 204, 409}, answer.text

    done = asyncio.Event()

    async def watch() -> None:
        while not done.is_set():
            await check_sums(database, tenant_id)

    watching = asyncio.create_task(watch())
    await asyncio.gather(*(one_of_us() for _ in range(8)))
    done.set()
    await watching
    await check_sums(database, tenant_id)


async def check_sums(database: Database, tenant_id: TenantId) -> None:
    """In one snapshot: what rows say is settled is what their active allocations add up to."""
    active = (
        select(Allocation.transaction_id, Allocation.invoice_id, Allocation.amount_minor)
        .join(Match, Match.id == Allocation.match_id)
        .where(Match.status == "active", Match.tenant_id == tenant_id)
        .subquery()
    )
    line_sum = (
        select(func.coalesce(func.sum(active.c.amount_minor), 0))
        .where(active.c.transaction_id == Transaction.id)
        .scalar_subquery()
    )
    invoice_sum = (
        select(func.coalesce(func.sum(active.c.amount_minor), 0))
        .where(active.c.invoice_id == Invoice.id)
        .scalar_subquery()
    )
    lines = select(Transaction.settled_minor, line_sum, Transaction.amount_minor)
    invoices = select(Invoice.settled_minor, invoice_sum, Invoice.amount_minor)
    async with database.scope(tenant_id) as scope:
        rows = (await scope.session.execute(lines.union_all(invoices))).all()
    for settled_minor, allocated, amount in rows:
        assert settled_minor == allocated
        assert 0 <= settled_minor <= amount
