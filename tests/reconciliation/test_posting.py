"""What the engine posts: each shape that it answers, exact, and within the tenant's settings."""

import asyncio
from datetime import date
from typing import Any

import httpx
import pytest

from payymo_api.core.db import Database
from payymo_api.core.types import TenantId
from payymo_api.reconciliation.service import examining
from tests.invoicing.factories import make_customer, make_invoice
from tests.reconciliation.factories import STATUS, line, make_line, match, part, settled
from tests.reconciliation.test_concurrency import check_sums
from tests.reconciliation.test_reopening import work

TERMS = {"percent": "2", "days": 14}


async def posted(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    params = {"source": "auto", "status": "active"}
    return list((await client.get(f"{STATUS}/matches", params=params)).json()["data"])


async def test_an_early_discount_is_written_off_with_its_reason(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    paid = await make_invoice(client, number="INV-1001", issued_on="2026-01-10", discount=TERMS)
    await make_line(database, tenant_id, 9800, reference="INV-1001")

    await examining.examine(database, tenant_id)

    ((allocation,),) = [each["allocations"] for each in await posted(client)]
    assert allocation["amount_minor"] == 9800
    assert allocation["write_off"]["amount_minor"] == 200
    assert allocation["write_off"]["reason"] == "discount"
    assert await settled(client, paid["id"]) == (10000, "paid")


@pytest.mark.parametrize(
    "wish",
    [
        {"automatic": False},
        {
            "write_off_limits": [
                {"reason": "discount", "amount": "1.99", "currency": "GBP"},
            ]
        },
    ],
)
async def test_what_the_settings_forbid_is_proposed(
    client: httpx.AsyncClient,
    database: Database,
    tenant_id: TenantId,
    wish: dict[str, object],
) -> None:
    usual = (await client.get(f"{STATUS}/settings")).json()
    await client.put(f"{STATUS}/settings", json=usual | wish)
    await make_invoice(client, number="INV-1001", issued_on="2026-01-10", discount=TERMS)
    money = await make_line(database, tenant_id, 9800, reference="INV-1001")

    await examining.examine(database, tenant_id)

    assert await posted(client) == []
    assert (await line(database, tenant_id, money)).match_state == "suggested"


async def test_what_is_over_becomes_the_customers_credit(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    debtor = await make_customer(client, name="Quayside Foods")
    paid = await make_invoice(client, number="INV-1001", customer_id=debtor["id"])
    money = await make_line(
        database, tenant_id, 13000, reference="INV-1001", counterparty_name="Quayside Foods"
    )

    await examining.examine(database, tenant_id)

    (credit,) = (await client.get(f"{STATUS}/credits")).json()["data"]
    assert (credit["amount_minor"], credit["customer_id"]) == (3000, debtor["id"])
    assert await settled(client, paid["id"]) == (10000, "paid")
    assert (await line(database, tenant_id, money)).match_state == "matched"


async def test_a_part_and_its_rest_in_one_batch_pay_one_invoice(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    debtor = await make_customer(client, name="Quayside Foods")
    paid = await make_invoice(client, number="INV-1001", customer_id=debtor["id"])
    for minor in (4000, 6000):
        await make_line(
            database,
            tenant_id,
            minor,
            reference="INV-1001",
            counterparty_name="Quayside Foods",
        )

    await examining.examine(database, tenant_id)

    assert sorted(each["allocations"][0]["amount_minor"] for each in await posted(client)) == [
        4000,
        6000,
    ]
    assert await settled(client, paid["id"]) == (10000, "paid")


async def test_a_credit_note_is_taken_off(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    debtor = await make_customer(client, name="Quayside Foods")
    paid = await make_invoice(client, number="INV-1001", customer_id=debtor["id"])
    note = await make_invoice(
        client, number="CN-2001", kind="credit_note", amount="20.00", customer_id=debtor["id"]
    )
    await make_line(
        database,
        tenant_id,
        8000,
        reference="INV-1001 CN-2001",
        counterparty_name="Quayside Foods",
    )

    await examining.examine(database, tenant_id)

    assert await settled(client, paid["id"]) == (10000, "paid")
    assert await settled(client, note["id"]) == (2000, "paid")


async def test_a_payment_that_goes_back_opens_its_invoice(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    debtor = await make_customer(client, name="Quayside Foods")
    paid = await make_invoice(client, number="INV-1001", customer_id=debtor["id"])
    said = {"reference": "INV-1001", "counterparty_name": "Quayside Foods"}
    await make_line(database, tenant_id, 10000, **said)
    await examining.examine(database, tenant_id)
    assert await settled(client, paid["id"]) == (10000, "paid")

    back = await make_line(database, tenant_id, -10000, **said, booked_on=date(2026, 1, 23))
    await examining.examine(database, tenant_id)

    assert await settled(client, paid["id"]) == (0, "open")
    assert (await line(database, tenant_id, back)).match_state == "matched"


async def test_the_runner_up_is_kept_with_why_it_lost(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    usual = (await client.get(f"{STATUS}/settings")).json()
    await client.put(f"{STATUS}/settings", json=usual | {"least_probability": 0.6})
    one = await make_customer(client, name="Quayside Foods")
    other = await make_customer(client, name="Quayside Foods Ltd")
    for number, debtor in (("INV-1001", one), ("INV-1002", one), ("INV-2001", other)):
        await make_invoice(client, number=number, customer_id=debtor["id"])
    await make_line(database, tenant_id, 10000, counterparty_name="Quayside Foods")

    await examining.examine(database, tenant_id)

    (made,) = await posted(client)
    assert " lost: " in made["runner_up"]["because"]
    assert made["runner_up"]["probability"] < made["probability"]


async def test_engines_and_users_at_once_keep_the_bounds_and_come_to_rest(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    invoices = [
        await make_invoice(client, number=f"INV-10{number:02d}", amount="50.00")
        for number in range(8)
    ]
    lines = [
        await make_line(database, tenant_id, 5000, reference=f"INV-10{number:02d}")
        for number in range(8)
        for _ in range(2)
    ]

    async def a_user() -> None:
        for money, owed in zip(lines[::2], reversed(invoices), strict=True):
            answer = await match(client, part(money, owed["id"], 2500))
            assert answer.status_code in {201, 409}, answer.text

    await asyncio.gather(
        *(examining.examine(database, tenant_id) for _ in range(6)), a_user(), a_user()
    )
    await work(database, tenant_id)

    await check_sums(database, tenant_id)
    rest = [await settled(client, each["id"]) for each in invoices]
    await client.post(f"{STATUS}/run")
    await work(database, tenant_id)
    assert [await settled(client, each["id"]) for each in invoices] == rest
