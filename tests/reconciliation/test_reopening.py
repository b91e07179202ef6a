"""What is new, changed or decided lets the engine look anew at the lines that it may be about."""

from typing import Any

import httpx
from sqlalchemy import select

from payymo_api.core.db import Database
from payymo_api.core.types import TenantId, parse_public_id
from payymo_api.messaging.models import OutboxEvent
from payymo_api.reconciliation import tasks
from payymo_api.reconciliation.repository.line_keys import LineKeys
from payymo_api.reconciliation.service import examining
from payymo_api.worker import JOBS
from tests.invoicing.factories import CUSTOMERS, make_customer, make_invoice
from tests.payments.factories import make_payout
from tests.reconciliation.factories import (
    MATCH,
    PAYER,
    STATUS,
    SUGGESTIONS,
    line,
    make_line,
    match,
    part,
    settled,
)


async def work(database: Database, tenant_id: TenantId) -> None:
    """Look at what waits, and do the jobs that come of it, as workers would, until all is still."""
    await examining.examine(database, tenant_id)
    done: set[Any] = set()
    while True:
        async with database.scope(tenant_id) as scope:
            rows = (await scope.session.scalars(select(OutboxEvent).order_by(OutboxEvent.id))).all()
        due = [row for row in rows if row.id not in done and row.name in JOBS]
        jobs = [(getattr(tasks, JOBS[row.name].name, None), row.payload) for row in due]
        if not due:
            return
        for job, payload in jobs:
            if job:
                await job(database, tenant_id, payload)
        done.update(row.id for row in due)


async def test_a_customer_who_is_called_otherwise_is_found(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    debtor = await make_customer(client, name="Nobody Knows")
    owed = await make_invoice(client, customer_id=debtor["id"], number="X")
    await make_line(database, tenant_id, 10000, counterparty_name="Quayside Foods")
    await work(database, tenant_id)
    assert await settled(client, owed["id"]) == (0, "open")

    await client.put(f"{CUSTOMERS}/{debtor['id']}", json={"name": "Quayside Foods"})
    await work(database, tenant_id)

    assert await settled(client, owed["id"]) == (10000, "paid")


async def test_what_a_match_of_the_engine_teaches_is_used_for_earlier_lines(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    debtor = await make_customer(client, name="Nobody Knows")
    unnamed = await make_invoice(client, customer_id=debtor["id"], number="X", amount="42.00")
    await make_invoice(client, customer_id=debtor["id"], number="INV-1001")
    await make_line(database, tenant_id, 4200, counterparty_iban=PAYER)
    await work(database, tenant_id)
    assert await settled(client, unnamed["id"]) == (0, "open")

    await make_line(database, tenant_id, 10000, counterparty_iban=PAYER, reference="INV-1001")
    await work(database, tenant_id)

    assert await settled(client, unnamed["id"]) == (4200, "paid")


async def test_invoices_that_come_after_the_line_that_brings_their_direct_debits(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    await make_line(database, tenant_id, 30000, description="SEPA collection")
    await work(database, tenant_id)
    made = [
        await make_invoice(
            client,
            number=number,
            amount=amount,
            collection_method="direct_debit",
            collection_on="2026-01-19",
        )
        for number, amount in (("A-1", "100.00"), ("A-2", "200.00"))
    ]

    await work(database, tenant_id)

    assert [(await settled(client, each["id"]))[1] for each in made] == ["paid", "paid"]


async def test_a_suggestion_whose_document_is_paid_otherwise_is_taken_back(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    await make_invoice(client, number="INV-1001")
    guessed = await make_line(database, tenant_id, 10000)
    await work(database, tenant_id)
    assert (await line(database, tenant_id, guessed)).match_state == "suggested"

    await make_line(database, tenant_id, 10000, reference="INV-1001")
    await work(database, tenant_id)

    assert (await line(database, tenant_id, guessed)).match_state == "unmatched"


async def test_an_invoice_that_is_open_again_is_found_by_others(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    paid = await make_invoice(client, number="INV-1001")
    lines = [await make_line(database, tenant_id, 10000, reference="INV-1001") for _ in range(2)]
    await work(database, tenant_id)
    (made,) = (await client.get(f"{STATUS}/matches")).json()["data"]
    first = made["allocations"][0]["transaction_id"]

    await client.delete(f"{MATCH}/{made['id']}")
    await work(database, tenant_id)

    (again,) = (await client.get(f"{STATUS}/matches", params={"status": "active"})).json()["data"]
    assert {first, again["allocations"][0]["transaction_id"]} == set(lines)
    assert await settled(client, paid["id"]) == (10000, "paid")


async def test_one_of_several_words_that_names_share_reopens_nothing(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    both = await make_customer(client, name="Quayside Foods")
    only = await make_customer(client, name="Quayside")
    one = await make_customer(client, name="Harbour Foods")
    money = await make_line(database, tenant_id, 10000, counterparty_name="Quayside Foods")
    await work(database, tenant_id)

    async with database.scope(tenant_id) as scope:
        lines = LineKeys(scope)
        found = [
            await lines.speaking_of([parse_public_id("cust", each["id"])])
            for each in (both, only, one)
        ]

    spoken_of = {parse_public_id("tr", money)}
    assert found == [spoken_of, spoken_of, set()]


async def test_a_payer_whose_money_was_taken_back_from_an_invoice_pays_it_by_number_only(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    debtor = await make_customer(client, name="Quayside Foods")
    await make_invoice(client, customer_id=debtor["id"], number="INV-1001")
    payer = {"counterparty_name": "Quayside Foods"}
    await make_line(database, tenant_id, 10000, **payer)
    await work(database, tenant_id)
    (made,) = (await client.get(f"{STATUS}/matches")).json()["data"]
    await client.delete(f"{MATCH}/{made['id']}")

    other = await make_line(database, tenant_id, 10000, **payer)
    await work(database, tenant_id)
    assert (await line(database, tenant_id, other)).match_state == "suggested"

    named = await make_line(database, tenant_id, 10000, **payer, reference="INV-1001")
    await work(database, tenant_id)
    assert (await line(database, tenant_id, named)).match_state == "matched"


async def test_of_two_payouts_the_other_is_left_once_one_is_matched(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    payouts = [await make_payout(database, tenant_id, 97540) for _ in range(2)]
    money = await make_line(database, tenant_id, 97540, description="STRIPE")
    await work(database, tenant_id)
    (waiting,) = (await client.get(SUGGESTIONS)).json()["data"]
    assert len(waiting["proposals"]) == 2

    by_hand = await make_line(database, tenant_id, 97540)
    await match(client, part(by_hand, payouts[0], 97540, "payout"))
    await work(database, tenant_id)

    found = (await client.get(f"{STATUS}/matches", params={"source": "auto"})).json()["data"]
    assert [each["allocations"][0]["document_id"] for each in found] == [payouts[1]]
    assert (await line(database, tenant_id, money)).match_state == "matched"
