"""Bank lines that bring Stripe's payouts, or take one back."""

import asyncio
import json
from datetime import date

import httpx
import pytest
from sqlalchemy import select, text, update

from payymo_api.core.db import Database
from payymo_api.core.types import TenantId, parse_public_id
from payymo_api.messaging.models import OutboxEvent
from payymo_api.payments.models import Payout
from payymo_api.reconciliation import tasks
from tests.fault.ledger import INVARIANTS
from tests.invoicing.factories import make_customer, make_invoice
from tests.payments.factories import make_connection, make_payout
from tests.reconciliation.factories import (
    MATCH,
    STATUS,
    line,
    make_line,
    match,
    part,
    settled,
)

STRIPE = "STRIPE PAYMENTS UK LTD"
LINES = "a line is settled by exactly its allocations"
PAYOUTS = "a payout is settled by exactly its allocations"


async def arrive(database: Database, tenant_id: TenantId) -> None:
    await tasks.match_open_lines(database, tenant_id, {})


async def change(database: Database, tenant_id: TenantId, payout: str, **values: object) -> None:
    """Stripe tells of the payout, and what is new of it."""
    id = parse_public_id("spo", payout)
    values = {"arrival_on": date(2026, 1, 20), **values}
    async with database.scope(tenant_id) as scope:
        await scope.session.execute(update(Payout).where(Payout.id == id).values(**values))
    await tasks.match_changed_payouts(database, tenant_id, {"payout_ids": [str(id)]})


async def matched(client: httpx.AsyncClient) -> list[tuple[str, str, int]]:
    """Return (line, document, amount) of the active matches, oldest first."""
    params = {"status": "active"}
    rows = (await client.get(f"{STATUS}/matches", params=params)).json()["data"]
    return [
        (each["transaction_id"], each["document_id"], each["amount_minor"])
        for row in reversed(rows)
        for each in row["allocations"]
    ]


async def news(database: Database, tenant_id: TenantId) -> list[dict[str, object]]:
    named = OutboxEvent.name == "stripe_payout.reconciled"
    async with database.scope(tenant_id) as scope:
        rows = await scope.session.scalars(select(OutboxEvent).where(named))
        return [json.loads(row.data or "") for row in rows]


@pytest.mark.parametrize("minor", [97540, -2500])
async def test_a_line_that_brings_a_payout_is_matched_with_its_reasons(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId, minor: int
) -> None:
    payout = await make_payout(database, tenant_id, minor)
    money = await make_line(database, tenant_id, minor, counterparty_name=STRIPE)

    for _ in range(2):
        await arrive(database, tenant_id)

    assert await matched(client) == [(money, payout, minor)]
    (made,) = (await client.get(f"{STATUS}/matches")).json()["data"]
    assert (made["source"], made["probability"]) == ("auto", 0.999)
    assert made["evidence"][0] == "The line brings exactly the payout's amount."
    assert (await line(database, tenant_id, money)).match_state == "matched"
    (told,) = await news(database, tenant_id)
    assert (told["id"], told["transaction_id"]) == (payout, money)
    assert (told["amount_minor"], told["match_id"]) == (minor, made["id"])


async def test_a_payout_that_is_known_after_its_line_finds_it(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    money = await make_line(database, tenant_id, 97540, description="STRIPE 8812")
    await arrive(database, tenant_id)

    payout = await make_payout(database, tenant_id, 97540, status="in_transit")
    await change(database, tenant_id, payout)

    assert await matched(client) == [(money, payout, 97540)]


async def test_a_trace_id_that_comes_later_tells_two_payouts_apart(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    payout = await make_payout(database, tenant_id, 97540)
    await make_payout(database, tenant_id, 97540)
    money = await make_line(database, tenant_id, 97540, description="STRIPE AB12CD34EF")
    await arrive(database, tenant_id)
    assert await matched(client) == []

    await change(database, tenant_id, payout, trace_id="AB12CD34EF")

    assert await matched(client) == [(money, payout, 97540)]


async def test_stripes_money_never_pays_an_invoice(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    """In doubt, and before Stripe has told of the payout, no less than beyond doubt."""
    customer = await make_customer(client, name=STRIPE)
    doubted = await make_invoice(client, customer_id=customer["id"], number="INV-1001")
    unknown = await make_invoice(client, customer_id=customer["id"], amount="42.00")
    for _ in range(2):
        await make_payout(database, tenant_id, 10000)
    names = {"counterparty_name": STRIPE, "reference": "INV-1001"}
    await make_line(database, tenant_id, 10000, **names)
    await make_line(database, tenant_id, 4200, counterparty_name=STRIPE)

    await arrive(database, tenant_id)

    assert await matched(client) == []
    for each in (doubted, unknown):
        assert await settled(client, each["id"]) == (0, "open")


async def test_invoices_and_payouts_of_one_batch_are_matched_each_with_its_own(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    paid = await make_invoice(client, number="INV-1001")
    payout = await make_payout(database, tenant_id, 10000)
    transfer = await make_line(database, tenant_id, 10000, reference="INV-1001")
    brought = await make_line(database, tenant_id, 10000, counterparty_name=STRIPE)

    await arrive(database, tenant_id)

    pairs = {(brought, payout, 10000), (transfer, paid["id"], 10000)}
    assert set(await matched(client)) == pairs


async def test_a_payout_that_fails_after_it_was_paid_goes_back_by_a_line_of_its_own(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    payout = await make_payout(database, tenant_id, 97540)
    money = await make_line(database, tenant_id, 97540, counterparty_name=STRIPE)
    back = await make_line(
        database, tenant_id, -97540, counterparty_name=STRIPE, booked_on=date(2026, 1, 26)
    )
    await arrive(database, tenant_id)
    assert await matched(client) == [(money, payout, 97540)]

    await change(database, tenant_id, payout, status="failed")

    assert await matched(client) == [(money, payout, 97540), (back, payout, -97540)]
    assert (await line(database, tenant_id, back)).match_state == "matched"
    again = await make_line(database, tenant_id, 97540, counterparty_name=STRIPE)
    await arrive(database, tenant_id)
    assert (await line(database, tenant_id, again)).match_state == "unmatched"
    assert len(await news(database, tenant_id)) == 1


async def test_a_pair_that_somebody_took_apart_stays_apart(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    payout = await make_payout(database, tenant_id, 97540)
    await make_line(database, tenant_id, 97540, counterparty_name=STRIPE)
    await arrive(database, tenant_id)
    (made,) = (await client.get(f"{STATUS}/matches")).json()["data"]

    await client.delete(f"{MATCH}/{made['id']}")
    await change(database, tenant_id, payout)

    assert await matched(client) == []


async def test_a_test_payout_brings_nothing_once_there_is_a_live_account(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    await make_payout(database, tenant_id, 97540)
    await make_connection(database, tenant_id, livemode=True)
    await make_line(database, tenant_id, 97540, counterparty_name=STRIPE)

    await arrive(database, tenant_id)

    assert await matched(client) == []


async def test_a_payout_matched_by_hand_is_news_too(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    payout = await make_payout(database, tenant_id, 97540)
    money = await make_line(database, tenant_id, 97540)

    await match(client, part(money, payout, 97540, "payout"))

    assert [each["id"] for each in await news(database, tenant_id)] == [payout]


async def test_workers_at_once_match_each_payout_once(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    """Payouts are told and lines are examined at the same time, and some payouts fail meanwhile."""
    payouts, lines = {}, {}
    for minor in range(1000, 1012):
        payouts[minor] = await make_payout(database, tenant_id, minor)
        lines[minor] = await make_line(database, tenant_id, minor, counterparty_name=STRIPE)

    await asyncio.gather(
        *(arrive(database, tenant_id) for _ in range(3)),
        *(change(database, tenant_id, payouts[minor], trace_id="T") for minor in payouts),
        *(change(database, tenant_id, payouts[minor], status="failed") for minor in (1000, 1001)),
    )

    made = await matched(client)
    assert {(lines[minor], payouts[minor], minor) for minor in range(1002, 1012)} <= set(made)
    assert len(made) == len(set(made)) == len(await news(database, tenant_id))
    async with database.scope(tenant_id) as scope:
        for sentence in (LINES, PAYOUTS):
            assert not (await scope.session.execute(text(INVARIANTS[sentence]))).all()
