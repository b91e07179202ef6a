"""Lines that a person says belong nowhere: put aside, learned from, and taken up again."""

import asyncio
import json
from typing import Any
from uuid import UUID

import httpx
import pytest

from payymo_api.banking.repository import rollups
from payymo_api.core.clock import now
from payymo_api.core.db import Database
from payymo_api.core.types import TenantId, new_id, parse_public_id, public_id
from payymo_api.reconciliation import tasks
from tests.conftest import Someone
from tests.invoicing.factories import make_customer, make_invoice
from tests.reconciliation.factories import (
    LEARNED,
    MATCH,
    PAYER,
    STATUS,
    SUGGESTIONS,
    line,
    make_line,
    make_suggestion,
    match,
    part,
    settled,
)
from tests.reconciliation.test_suggestions import events

PAYS = {"counterparty_iban": PAYER, "counterparty_name": "Rosa Blåvik Ltd"}
WORDS = f"{LEARNED}/words"


async def tell(client: httpx.AsyncClient, verb: str, *ids: str) -> list[dict[str, Any]]:
    answered = await client.post(f"{STATUS}/{verb}", json={"transaction_ids": ids})
    assert answered.status_code == 200, answered.text
    return list(answered.json()["results"])


async def ignore(client: httpx.AsyncClient, *ids: str) -> list[str]:
    return [each["status"] for each in await tell(client, "ignore", *ids)]


async def restore(client: httpx.AsyncClient, *ids: str) -> list[str]:
    return [each["status"] for each in await tell(client, "restore", *ids)]


async def nowhere(client: httpx.AsyncClient) -> dict[str, int]:
    """Return key -> how often its money was said to belong nowhere."""
    facts = (await client.get(LEARNED)).json()["data"]
    return {each["key"]: each["confirmations"] for each in facts if each["customer_id"] is None}


async def words(client: httpx.AsyncClient) -> tuple[int, int, int]:
    read = (await client.get(WORDS)).json()
    return read["words"], read["matched"], read["nowhere"]


async def test_an_ignored_line_is_aside_and_teaches(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    invoice = await make_invoice(client)
    money = await make_line(database, tenant_id, 10000, **PAYS, description="Salary March")
    suggestion = await make_suggestion(database, tenant_id, money, [invoice["id"]])

    assert await ignore(client, money) == ["updated"]
    assert await ignore(client, money) == ["unchanged"]
    await tasks.match_open_lines(database, tenant_id, {})

    assert (await line(database, tenant_id, money)).match_state == "ignored"
    read = (await client.get(f"{SUGGESTIONS}/{suggestion}")).json()
    assert read["status"] == "superseded"
    assert await nowhere(client) == {PAYER: 1, "ROSA BLAVIK LTD": 1}
    assert await words(client) == (2, 0, 1)
    (updated,) = await events(database, tenant_id, "transaction.updated")
    assert json.loads(updated.data or "")["match_state"] == "ignored"
    (decided,) = await events(database, tenant_id, "decision.made")
    assert decided.payload["invoice_ids"] == [str(parse_public_id("inv", invoice["id"]))]
    async with database.scope(tenant_id) as scope:
        assert await rollups.differences(scope) == 0


async def test_a_restored_line_is_looked_at_anew_and_unlearned(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    invoice = await make_invoice(client, number="INV-1001")
    money = await make_line(
        database, tenant_id, 10000, **PAYS, reference="INV-1001", examined_at=now()
    )
    await ignore(client, money)

    assert await restore(client, money) == ["updated"]
    assert await restore(client, money) == ["unchanged"]
    for due in await events(database, tenant_id, "decision.made"):
        await tasks.match_after_decision(database, tenant_id, due.payload)

    assert await settled(client, invoice["id"]) == (10000, "paid")
    assert await nowhere(client) == {}
    assert (await words(client))[2] == 0
    async with database.scope(tenant_id) as scope:
        assert await rollups.differences(scope) == 0


async def test_each_row_is_refused_by_name_and_spoils_no_other(
    client: httpx.AsyncClient, stranger: Someone, database: Database, tenant_id: TenantId
) -> None:
    """Two thirds of a line are matched; a pending line, an own transfer, strangers' and none."""
    invoice = await make_invoice(client)
    matched = await make_line(database, tenant_id, 15000)
    await match(client, part(matched, invoice["id"], 10000))
    pending = await make_line(database, tenant_id, 10000, status="pending")
    other = parse_public_id("tr", await make_line(database, tenant_id, -10000))
    transfer = await make_line(database, tenant_id, 10000, transfer_of=other, match_state="ignored")
    removed = await make_line(database, tenant_id, 10000, removed_at=now())
    theirs = await make_line(database, stranger.tenant_id, 10000)
    nobodys = public_id("tr", new_id())
    free = await make_line(database, tenant_id, 10000)
    ids = [matched, pending, transfer, removed, theirs, nobodys, free, free]

    for verb, outcome in (("ignore", "updated"), ("restore", "updated")):
        results = await tell(client, verb, *ids)
        refused = [
            (each["error"]["status"], each["error"]["code"]) for each in results if each["error"]
        ]
        assert [each["transaction_id"] for each in results] == ids[:-1]
        assert refused == [
            (409, "line_matched"),
            (409, "line_not_booked"),
            (409, "own_transfer"),
            *[(404, "not_found")] * 3,
        ]
        assert results[-1]["status"] == outcome
    assert (await line(database, tenant_id, transfer)).match_state == "ignored"
    assert (await line(database, stranger.tenant_id, theirs)).match_state == "unmatched"


async def test_an_ignored_line_is_not_matched_until_it_is_restored(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    invoice, money = await make_invoice(client), await make_line(database, tenant_id, 10000)
    await ignore(client, money)

    refused = await match(client, part(money, invoice["id"], 10000))
    await restore(client, money)
    made = await match(client, part(money, invoice["id"], 10000))

    assert (refused.status_code, refused.json()["code"]) == (409, "line_ignored")
    assert made.status_code == 201


async def test_money_of_a_payer_that_was_ignored_is_less_likely_for_anything(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    """Nothing but the amount and a word of the name speaks for the invoice."""
    debtor = await make_customer(client, name="Rosa Foods")
    await make_invoice(client, customer_id=debtor["id"])
    await make_line(database, tenant_id, 10000, **PAYS)

    async def likelihood() -> float:
        await tasks.match_everything(database, tenant_id, {"run_id": str(await run(client))})
        pending = await client.get(SUGGESTIONS, params={"status": "pending"})
        return float(pending.json()["data"][0]["probability"])

    first = await likelihood()
    for _ in range(3):
        await ignore(client, await make_line(database, tenant_id, 7300, **PAYS))
    after = await likelihood()
    await client.delete(LEARNED)

    assert after < first
    assert await likelihood() == first


async def run(client: httpx.AsyncClient) -> UUID:
    return parse_public_id("mrun", (await client.post(f"{STATUS}/run")).json()["id"])


async def test_what_is_paid_out_teaches_nothing(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    rent = await make_line(database, tenant_id, -10000, **PAYS, description="Rent")

    assert await ignore(client, rent) == ["updated"]

    assert await nowhere(client) == {}
    assert await words(client) == (0, 0, 0)


async def test_an_ignored_line_that_the_bank_takes_back_is_unlearned_once(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    gone, stays = [await make_line(database, tenant_id, 10000, **PAYS) for _ in range(2)]
    await ignore(client, gone, stays)

    for _ in range(2):
        payload = {"transaction_id": str(parse_public_id("tr", gone))}
        await tasks.undo_removed_line(database, tenant_id, payload)

    assert await nowhere(client) == {PAYER: 1, "ROSA BLAVIK LTD": 1}
    assert (await words(client))[2] == 1


async def test_words_are_counted_unlearned_and_forgotten(
    client: httpx.AsyncClient, stranger: Someone, database: Database, tenant_id: TenantId
) -> None:
    customer = await make_customer(client)
    invoices = [await make_invoice(client, customer_id=customer["id"]) for _ in range(2)]
    lines = [await make_line(database, tenant_id, 10000, description="Paid well") for _ in "ab"]
    made = [
        (await match(client, part(money, invoice["id"], 10000))).json()
        for money, invoice in zip(lines, invoices, strict=True)
    ]
    theirs = await make_line(database, stranger.tenant_id, 10000, description="Gift")
    await ignore(stranger.client, theirs)

    assert await words(client) == (2, 2, 0)
    await client.delete(f"{MATCH}/{made[0]['id']}")
    assert await words(client) == (2, 1, 0)
    assert (await client.delete(WORDS)).status_code == 204
    assert await words(client) == (0, 0, 0)
    await client.delete(f"{MATCH}/{made[1]['id']}")
    assert (await words(client))[1:] == (0, 0)
    assert await words(stranger.client) == (1, 0, 1)


async def test_of_those_who_ignore_restore_and_match_at_once_each_counts_once(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    customer = await make_customer(client)
    invoices = [await make_invoice(client, customer_id=customer["id"]) for _ in range(6)]
    lines = [await make_line(database, tenant_id, 10000, **PAYS) for _ in range(6)]

    await asyncio.gather(
        *(ignore(client, *lines) for _ in range(2)),
        *(ignore(client, *reversed(lines)) for _ in range(2)),
        *(restore(client, *lines[:4]) for _ in range(2)),
        *(
            match(client, part(money, each["id"], 10000))
            for money, each in zip(lines, invoices, strict=True)
        ),
    )

    rows = [await line(database, tenant_id, each) for each in lines]
    ignored = [row for row in rows if row.match_state == "ignored"]
    assert [row for row in ignored if row.settled_minor] == []
    assert (await nowhere(client)).get(PAYER, 0) == len(ignored)
    matched = sum(row.match_state == "matched" for row in rows)
    assert (await words(client))[1:] == (matched, len(ignored))
    async with database.scope(tenant_id) as scope:
        assert await rollups.differences(scope) == 0


@pytest.mark.parametrize("count", [0, 1001])
async def test_so_many_lines_are_no_request(client: httpx.AsyncClient, count: int) -> None:
    ids = [public_id("tr", new_id())] * count

    answered = await client.post(f"{STATUS}/ignore", json={"transaction_ids": ids})

    assert (answered.status_code, answered.json()["errors"][0]["pointer"]) == (
        422,
        "/transaction_ids",
    )
