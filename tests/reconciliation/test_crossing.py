"""Two who meet at the worst moment, step by step."""

import asyncio

import httpx
from sqlalchemy import update

from payymo_api.banking.models import Transaction
from payymo_api.banking.repository import AccountRepository
from payymo_api.core.db import Database
from payymo_api.core.types import (
    InvoiceId,
    PayoutId,
    StripeConnectionId,
    TenantId,
    parse_public_id,
)
from payymo_api.invoicing.repository import CustomerRepository, documents_to_settle
from payymo_api.payments.models import Payout
from payymo_api.payments.repository import payouts_to_settle
from payymo_api.payments.repository.mirror import MirrorRepository
from payymo_api.reconciliation import tasks
from payymo_api.reconciliation.service.examining import examine_batch
from tests.invoicing.factories import make_customer, make_invoice
from tests.payments.factories import make_connection, make_payout
from tests.reconciliation.factories import (
    MATCH,
    SUGGESTIONS,
    line,
    make_line,
    make_suggestion,
    match,
    part,
    settled,
)
from tests.reconciliation.test_examining import arrive, run_everything, tell_documents


async def take_back(database: Database, tenant_id: TenantId, money: str) -> None:
    """The bank took the line back."""
    payload = {"transaction_id": str(parse_public_id("tr", money))}
    await tasks.undo_removed_line(database, tenant_id, payload)


async def made(client: httpx.AsyncClient, *parts: dict[str, object]) -> str:
    answer = await match(client, *parts)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def test_an_invoice_that_comes_while_its_line_is_looked_at_is_matched(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    money = await make_line(database, tenant_id, 10000, description="For INV-2026-0042")

    async with database.scope(tenant_id) as scope:
        await examine_batch(scope)
        await make_invoice(client, number="INV-2026-0042")
        news = asyncio.create_task(tell_documents(database, tenant_id))
        await asyncio.wait([news], timeout=0.5)
    await news

    assert (await line(database, tenant_id, money)).match_state == "matched"


async def test_a_run_looks_at_what_was_being_looked_at_when_it_was_asked_for(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    money = await make_line(database, tenant_id, 10000, description="For INV-2026-0042")

    async with database.scope(tenant_id) as scope:
        await examine_batch(scope)
        await make_invoice(client, number="INV-2026-0042")
        running = asyncio.create_task(run_everything(database, tenant_id))
        await asyncio.wait([running], timeout=0.5)
    await running

    assert (await line(database, tenant_id, money)).match_state == "matched"


async def test_a_line_is_matched_while_its_account_is_being_synced(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    """Whoever syncs holds the account, then locks lines; matching must not wait the other way."""
    await make_invoice(client, number="INV-2026-0042")
    money = await make_line(database, tenant_id, 10000, description="For INV-2026-0042")
    row: Transaction = await line(database, tenant_id, money)

    async with database.scope(tenant_id) as scope:
        await AccountRepository(scope).get_locked(row.account_id)
        await arrive(database, tenant_id)

    assert (await line(database, tenant_id, money)).match_state == "matched"


async def test_a_suggestion_is_rejected_while_others_hold_what_it_names(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    """They lock invoices in id order, what it says has an order of its own."""
    invoices = [(await make_invoice(client))["id"] for _ in range(2)]
    money = await make_line(database, tenant_id, 10000)
    suggested = await make_suggestion(database, tenant_id, money, invoices)

    async with database.scope(tenant_id) as scope:
        ids = [InvoiceId(parse_public_id("inv", each)) for each in invoices]
        await documents_to_settle(scope, ids)
        answer = await client.post(f"{SUGGESTIONS}/{suggested}/reject")

    assert answer.json()["status"] == "rejected"


async def test_an_invoice_is_matched_while_its_customer_is_being_changed(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    """A batch locks customers in id order; what a match teaches names them in another."""
    row = {"external_id": "c1", "name": "Harbour Foods Ltd"}
    customer = await make_customer(client, **row)
    paid = await make_invoice(client, customer_id=customer["id"])
    payer = {"counterparty_name": "Someone Else"}
    money = await make_line(database, tenant_id, 10000, **payer)

    async with database.scope(tenant_id) as scope:
        await CustomerRepository(scope).named_locked(["c1"])
        await made(client, part(money, paid["id"], 10000))

    assert await settled(client, paid["id"]) == (10000, "paid")


async def test_a_line_comes_undone_with_an_earlier_match_that_stands_in_the_way(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    paid = (await make_invoice(client))["id"]
    first, again = [await make_line(database, tenant_id, 10000) for _ in range(2)]
    back = await make_line(database, tenant_id, -10000)
    payment = await made(client, part(first, paid, 10000))
    await made(client, part(back, paid, -10000))
    await made(client, part(again, paid, 10000))
    assert (await client.delete(f"{MATCH}/{payment}")).status_code == 204

    await take_back(database, tenant_id, again)

    assert await settled(client, paid) == (0, "open")
    assert {(await line(database, tenant_id, each)).settled_minor for each in (back, again)} == {0}


async def test_matches_that_block_each_other_come_undone_as_one(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    one, other = [(await make_invoice(client))["id"] for _ in range(2)]
    base, over, back = [await make_line(database, tenant_id, 10000) for _ in range(3)]
    start = await made(client, part(base, one, 5000), part(base, other, 5000))
    first = await made(client, part(over, one, 5000), part(over, other, -5000))
    second = await made(client, part(back, one, -5000), part(back, other, 5000))
    assert (await client.delete(f"{MATCH}/{start}")).status_code == 204
    for each in (first, second):
        assert (await client.delete(f"{MATCH}/{each}")).json()["code"] == "later_match_depends"

    await take_back(database, tenant_id, over)

    states = [(await client.get(f"{MATCH}/{each}")).json()["status"] for each in (first, second)]
    assert states == ["undone", "undone"]
    assert await settled(client, one) == await settled(client, other) == (0, "open")


async def test_a_line_comes_undone_with_what_used_its_credit(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    customer = (await make_customer(client))["id"]
    paid = (await make_invoice(client))["id"]
    money = await make_line(database, tenant_id, 10000)
    await made(client, part(money, customer, 10000, "on_account"))
    (credit,) = (await client.get("/api/v1/reconciliation/credits")).json()["data"]
    await made(
        client,
        part(money, paid, 10000),
        part(money, credit["id"], -10000, "on_account"),
    )

    await take_back(database, tenant_id, money)

    assert await settled(client, paid) == (0, "open")
    assert (await line(database, tenant_id, money)).settled_minor == 0
    assert (await client.get("/api/v1/reconciliation/credits")).json()["data"] == []


async def test_stripe_tells_of_payouts_in_the_order_in_which_matching_locks_them(
    database: Database, tenant_id: TenantId
) -> None:
    """Whoever waits for the first holds the second not yet."""
    first, second = [
        PayoutId(parse_public_id("spo", await make_payout(database, tenant_id, 10000)))
        for _ in range(2)
    ]
    connection = StripeConnectionId(
        parse_public_id("scon", await make_connection(database, tenant_id))
    )
    async with database.scope(tenant_id) as scope:
        told = {first: "po_b", second: "po_a"}
        for id, stripe_id in told.items():
            values = {"connection_id": connection, "stripe_id": stripe_id}
            await scope.session.execute(update(Payout).where(Payout.id == id).values(**values))

    async def mirror() -> None:
        async with database.scope(tenant_id) as scope:
            await MirrorRepository(scope, Payout).locked(connection, ["po_a", "po_b"])

    async with database.scope(tenant_id) as scope:
        await payouts_to_settle(scope, [first])
        mirroring = asyncio.create_task(mirror())
        await asyncio.wait([mirroring], timeout=0.5)
        assert await payouts_to_settle(scope, [second])
    await mirroring
