import json
from decimal import Decimal
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from payymo_api.core.db import Database
from payymo_api.core.types import TenantId
from payymo_api.messaging.models import OutboxEvent
from tests.conftest import Someone
from tests.invoicing.factories import INVOICES, invoice, make_customer, make_invoice
from tests.payments.factories import make_payout
from tests.reconciliation.factories import (
    MATCH,
    STATUS,
    line,
    make_line,
    match,
    part,
    settled,
)


async def test_a_line_settles_an_invoice(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    paid, money = await make_invoice(client), await make_line(database, tenant_id, 10000)

    made = await match(client, part(money, paid["id"], 10000))

    assert made.status_code == 201
    assert made.headers["Location"] == f"{MATCH}/{made.json()['id']}"
    assert (await client.get(made.headers["Location"])).json() == made.json()
    assert made.json()["status"] == "active"
    assert made.json()["source"] == "manual"
    assert made.json()["allocations"][0]["amount_minor"] == 10000
    assert b'"amount":100.00,' in made.content
    assert await settled(client, paid["id"]) == (10000, "paid")
    assert (await line(database, tenant_id, money)).match_state == "matched"


async def test_undoing_restores_everything(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    paid, money = await make_invoice(client), await make_line(database, tenant_id, 10000)
    made = (await match(client, part(money, paid["id"], 10000))).json()

    undone = await client.delete(f"{MATCH}/{made['id']}")
    again = await client.delete(f"{MATCH}/{made['id']}")

    assert undone.status_code == 204
    assert (again.status_code, again.json()["code"]) == (409, "match_undone")
    assert await settled(client, paid["id"]) == (0, "open")
    row = await line(database, tenant_id, money)
    assert (row.settled_minor, row.match_state) == (0, "unmatched")
    read = (await client.get(f"{MATCH}/{made['id']}")).json()
    assert (read["status"], len(read["allocations"])) == ("undone", 1)
    assert read["undone_by"].startswith("key_")


async def test_two_lines_and_two_invoices_cross(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    one, two = await make_invoice(client), await make_invoice(client, amount="50.00")
    first = await make_line(database, tenant_id, 7000)
    second = await make_line(database, tenant_id, 8000)

    made = await match(
        client,
        part(first, one["id"], 7000),
        part(second, one["id"], 3000),
        part(second, two["id"], 5000),
    )

    assert made.status_code == 201
    assert await settled(client, one["id"]) == (10000, "paid")
    assert await settled(client, two["id"]) == (5000, "paid")
    assert (await line(database, tenant_id, first)).match_state == "matched"


async def test_a_part_leaves_the_rest_open_and_a_write_off_closes_it(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    paid = await make_invoice(client)
    first = await make_line(database, tenant_id, 4000)
    second = await make_line(database, tenant_id, 5800)
    off = {"amount": "2.00", "reason": "discount"}

    await match(client, part(first, paid["id"], 4000))
    assert await settled(client, paid["id"]) == (4000, "partially_paid")
    made = await match(client, part(second, paid["id"], 5800, write_off=off))

    assert await settled(client, paid["id"]) == (10000, "paid")
    assert made.json()["allocations"][0]["write_off"] == {
        "amount": 2.0,
        "amount_minor": 200,
        "currency": "GBP",
        "reason": "discount",
    }


async def test_a_credit_note_is_netted(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    paid = await make_invoice(client)
    note = await make_invoice(client, kind="credit_note", amount="20.00")
    money = await make_line(database, tenant_id, 8000)

    made = await match(
        client, part(money, paid["id"], 10000), part(money, note["id"], -2000, "credit_note")
    )

    assert made.status_code == 201
    assert await settled(client, paid["id"]) == (10000, "paid")
    assert await settled(client, note["id"]) == (2000, "paid")
    assert (await line(database, tenant_id, money)).settled_minor == 8000


async def test_money_out_refunds_and_returns(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    paid = await make_invoice(client)
    note = await make_invoice(client, kind="credit_note", amount="20.00")
    money = await make_line(database, tenant_id, 10000)
    returned = await make_line(database, tenant_id, -10000)
    refund = await make_line(database, tenant_id, -2000)
    made = (await match(client, part(money, paid["id"], 10000))).json()

    back = (await match(client, part(returned, paid["id"], -10000))).json()
    await match(client, part(refund, note["id"], -2000, "credit_note"))

    assert await settled(client, paid["id"]) == (0, "open")
    assert await settled(client, note["id"]) == (2000, "paid")
    assert (await line(database, tenant_id, returned)).match_state == "matched"
    refused = await client.delete(f"{MATCH}/{made['id']}")
    assert (refused.status_code, refused.json()["code"]) == (409, "later_match_depends")
    assert (await client.delete(f"{MATCH}/{back['id']}")).status_code == 204
    assert (await client.delete(f"{MATCH}/{made['id']}")).status_code == 204


async def test_what_is_left_over_is_credit_that_a_later_match_uses(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    customer = await make_customer(client)
    first = await make_invoice(client, customer_id=customer["id"])
    money = await make_line(database, tenant_id, 13000)
    made = await match(
        client,
        part(money, first["id"], 10000),
        part(money, customer["id"], 3000, "on_account"),
    )
    credit = (await client.get(f"{STATUS}/credits")).json()["data"][0]
    assert (credit["customer_id"], credit["left_minor"]) == (customer["id"], 3000)
    assert credit["id"] == made.json()["allocations"][1]["document_id"]

    later = await make_invoice(client, amount="25.00")
    use = await match(
        client,
        part(money, credit["id"], -2500, "on_account"),
        part(money, later["id"], 2500),
    )
    too_much = await match(client, part(money, credit["id"], -501, "on_account"))

    assert use.status_code == 201
    assert await settled(client, later["id"]) == (2500, "paid")
    assert (await line(database, tenant_id, money)).settled_minor == 13000
    assert (too_much.status_code, too_much.json()["code"]) == (409, "credit_over_used")
    on_account = (await client.get(STATUS)).json()["on_account"]
    assert [each["amount_minor"] for each in on_account] == [500]
    refused = await client.delete(f"{MATCH}/{made.json()['id']}")
    assert (refused.status_code, refused.json()["code"]) == (409, "credit_in_use")
    assert (await client.delete(f"{MATCH}/{use.json()['id']}")).status_code == 204
    assert (await client.delete(f"{MATCH}/{made.json()['id']}")).status_code == 204
    assert (await client.get(f"{STATUS}/credits")).json()["data"] == []
    assert (await line(database, tenant_id, money)).settled_minor == 0


async def test_credit_is_paid_back_but_used_on_no_other_line(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    customer = await make_customer(client)
    money = await make_line(database, tenant_id, 3000)
    out = await make_line(database, tenant_id, -3000)
    other = await make_line(database, tenant_id, 3000)
    made = await match(client, part(money, customer["id"], 3000, "on_account"))
    credit = made.json()["allocations"][0]["document_id"]

    wrong = await match(client, part(other, credit, -1000, "on_account"))
    back = await match(client, part(out, credit, -3000, "on_account"))

    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["pointer"] == "/allocations/0/transaction_id"
    assert back.status_code == 201
    assert (await line(database, tenant_id, out)).match_state == "matched"


@pytest.mark.parametrize("minor", [123456, -1200])
async def test_a_payout_is_settled_whole(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId, minor: int
) -> None:
    payout = await make_payout(database, tenant_id, minor)
    money = await make_line(database, tenant_id, minor)

    partly = await match(client, part(money, payout, minor // 2, "payout"))
    made = await match(client, part(money, payout, minor, "payout"))
    twice = await match(client, part(money, payout, minor, "payout"))

    assert (partly.status_code, partly.json()["code"]) == (409, "payout_not_whole")
    assert made.status_code == 201
    assert twice.status_code == 409
    assert (await client.delete(f"{MATCH}/{made.json()['id']}")).status_code == 204


async def test_currencies_differ_only_where_both_amounts_are_said(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    paid = await make_invoice(client, currency="EUR", amount="120.00")
    money = await make_line(database, tenant_id, 10000)

    silent = await match(client, part(money, paid["id"], 10000))
    made = await match(client, part(money, paid["id"], 10000, document_amount="120.00"))

    assert silent.status_code == 422
    assert silent.json()["errors"][0]["pointer"] == "/allocations/0/document_amount"
    assert made.status_code == 201
    assert made.json()["allocations"][0]["document_currency"] == "EUR"
    assert await settled(client, paid["id"]) == (12000, "paid")


@pytest.mark.parametrize(
    ("currency", "money", "minor"),
    [
        ("JPY", {"amount": 1234}, 1234),
        ("KWD", {"amount": "1.234"}, 1234),
        ("GBP", {"amount_minor": 10**15 - 1}, 10**15 - 1),
        ("GBP", {"amount": 0.07, "amount_minor": 7}, 7),
    ],
)
async def test_money_is_exact(
    client: httpx.AsyncClient,
    database: Database,
    tenant_id: TenantId,
    currency: str,
    money: dict[str, Any],
    minor: int,
) -> None:
    paid = await make_invoice(client, currency=currency, amount_minor=minor)
    bank = await make_line(database, tenant_id, minor, currency=currency)
    allocation = {**part(bank, paid["id"], 0), "amount_minor": None, **money}

    made = await match(client, allocation)

    assert made.status_code == 201
    assert made.json()["allocations"][0]["amount_minor"] == minor
    assert await settled(client, paid["id"]) == (minor, "paid")


async def test_bounds_are_conflicts_by_name(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    paid, void = await make_invoice(client), await make_invoice(client)
    await client.put(f"{INVOICES}/{void['id']}", json=invoice(status="void"))
    large = await make_line(database, tenant_id, 20000)
    small = await make_line(database, tenant_id, 5000)
    pending = await make_line(database, tenant_id, 10000, status="pending")

    refusals = [
        await match(client, part(small, paid["id"], 5001)),
        await match(client, part(small, paid["id"], -1)),
        await match(client, part(large, paid["id"], 10001)),
        await match(client, part(pending, paid["id"], 10000)),
        await match(client, part(large, void["id"], 10000)),
    ]

    assert [(each.status_code, each.json()["code"]) for each in refusals] == [
        (409, "line_over_allocated"),
        (409, "line_over_allocated"),
        (409, "document_over_settled"),
        (409, "line_not_booked"),
        (409, "document_void"),
    ]
    assert await settled(client, paid["id"]) == (0, "open")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"amount_minor": 0}, "amount"),
        ({"amount": "1.00"}, "amount"),
        ({"amount_minor": None}, "amount"),
        ({"amount": "1.001", "amount_minor": None}, "amount"),
        ({"document_amount": "1.00"}, "document_amount"),
        ({"document_id": "inv_nonsense"}, "document_id"),
        ({"document_type": "credit_note"}, "document_type"),
        ({"document_type": "payout"}, "document_id"),
        ({"document_type": "on_account"}, "document_id"),
        ({"transaction_id": "tr_00000000000000000000000000"}, "transaction_id"),
        ({"write_off": {"reason": "fee", "amount": "-100.00"}}, "write_off"),
        ({"write_off": {"reason": "fee"}}, "write_off/amount"),
        ({"write_off": {"reason": "luck", "amount": "1.00"}}, "write_off/reason"),
    ],
)
async def test_what_can_not_be_read_is_named(
    client: httpx.AsyncClient,
    database: Database,
    tenant_id: TenantId,
    change: dict[str, object],
    pointer: str,
) -> None:
    paid, money = await make_invoice(client), await make_line(database, tenant_id, 10000)

    refused = await match(client, {**part(money, paid["id"], 10000), **change})

    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == f"/allocations/0/{pointer}"


async def test_another_tenants_ids_are_unknown(
    someone: Someone, stranger: Someone, database: Database
) -> None:
    theirs = await make_invoice(someone.client)
    customer = await make_customer(someone.client)
    money = await make_line(database, someone.tenant_id, 10000)
    made = (await match(someone.client, part(money, theirs["id"], 10000))).json()
    own = await make_line(database, stranger.tenant_id, 10000)
    own_invoice = await make_invoice(stranger.client)

    bodies = {
        "/allocations/0/document_id": part(own, theirs["id"], 10000),
        "/allocations/0/transaction_id": part(money, own_invoice["id"], 10000),
    }
    for pointer, body in bodies.items():
        refused = await match(stranger.client, body)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, pointer)
    credit = await match(stranger.client, part(own, customer["id"], 10000, "on_account"))
    assert credit.status_code == 422
    assert (await stranger.client.get(f"{MATCH}/{made['id']}")).status_code == 404
    assert (await stranger.client.delete(f"{MATCH}/{made['id']}")).status_code == 404
    for params in ({"transaction_id": money}, {"document_id": theirs["id"]}, {"document_id": "x"}):
        found = await stranger.client.get(f"{STATUS}/matches", params=params)
        assert found.json()["data"] == []
    status = (await stranger.client.get(STATUS)).json()
    assert [each["count"] for each in status["lines"]] == [1]
    assert await settled(someone.client, theirs["id"]) == (10000, "paid")


async def test_matches_are_listed_by_what_they_touch(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    one, two = await make_invoice(client), await make_invoice(client)
    first = await make_line(database, tenant_id, 10000)
    second = await make_line(database, tenant_id, 10000)
    earlier = (await match(client, part(first, one["id"], 10000))).json()
    later = (await match(client, part(second, two["id"], 10000))).json()
    await client.delete(f"{MATCH}/{later['id']}")

    async def found(**params: str) -> list[str]:
        answer = await client.get(f"{STATUS}/matches", params=params)
        return [each["id"] for each in answer.json()["data"]]

    assert await found() == [later["id"], earlier["id"]]
    assert await found(transaction_id=first) == await found(status="active") == [earlier["id"]]
    assert await found(document_id=two["id"]) == await found(status="undone") == [later["id"]]
    assert await found(source="auto") == []


async def test_the_status_counts_and_sums(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    paid = await make_invoice(client, due_on="2020-01-01")
    await make_invoice(client, due_on="2020-01-01", amount="70.00")
    await make_invoice(client, amount="30.00")
    money = await make_line(database, tenant_id, 15000)
    await make_line(database, tenant_id, -700)
    await match(client, part(money, paid["id"], 10000))

    status = (await client.get(STATUS)).json()

    lines = {(each["match_state"], each["direction"]): each for each in status["lines"]}
    assert lines["partial", "credit"]["settled_minor"] == 10000
    assert lines["unmatched", "debit"]["amount_minor"] == -700
    sums = {each["status"]: (each["count"], each["open_minor"]) for each in status["invoices"]}
    assert sums == {"open": (2, 10000), "paid": (1, 0)}
    ages = {each["days_overdue"]: each["amount_minor"] for each in status["ageing"]}
    assert ages == {"over_90": 7000, "not_due": 3000}
    assert [(each["currency"], each["amount_minor"]) for each in status["unexplained"]] == [
        ("GBP", 5000)
    ]
    assert status["on_account"] == []


async def test_events_say_what_was_matched_and_paid(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    paid, money = await make_invoice(client), await make_line(database, tenant_id, 10000)
    made = (await match(client, part(money, paid["id"], 10000))).json()
    await client.delete(f"{MATCH}/{made['id']}")

    async with database.scope(tenant_id) as scope:
        rows = await scope.session.scalars(select(OutboxEvent).order_by(OutboxEvent.id))
        events = {row.name: row.data for row in rows if row.data}

    matched = json.loads(events["transaction.matched"], parse_float=Decimal)
    assert matched["transaction_id"] == money
    assert matched["match_id"] == made["id"]
    assert '"amount":100.00' in events["transaction.matched"]
    assert [each["document_id"] for each in matched["documents"]] == [paid["id"]]
    assert json.loads(events["invoice.paid"])["open_minor"] == 0
    assert json.loads(events["transaction.unmatched"])["transaction_id"] == money
