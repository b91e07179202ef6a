import csv
import io

import httpx
import pytest

from payymo_api.core.db import Database
from payymo_api.core.types import TenantId
from payymo_api.reconciliation.rules import spreadsheet
from payymo_api.reconciliation.service import exporting
from tests.conftest import Someone
from tests.invoicing.factories import make_customer, make_invoice
from tests.reconciliation.factories import MATCH, STATUS, make_line, match, part

EXPORT = f"{STATUS}/export"


async def rows(client: httpx.AsyncClient, **params: str) -> list[dict[str, str]]:
    text = (await client.get(EXPORT, params=params)).text
    return list(csv.DictReader(io.StringIO(text, newline="")))


async def test_a_row_tells_of_match_line_and_document(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    paid = await make_invoice(client, number="INV-7")
    note = await make_invoice(client, number="CN-1", kind="credit_note", amount="20.00")
    customer = await make_customer(client)
    money = await make_line(database, tenant_id, 8000, description="Thanks", counterparty_name="R")
    off = {"amount": "5.00", "reason": "fee"}
    made = await match(
        client,
        part(money, paid["id"], 9500, write_off=off),
        part(money, note["id"], -2000, "credit_note"),
        part(money, customer["id"], 500, "on_account"),
    )

    first, second, third = await rows(client)

    assert (first["match_id"], first["status"]) == (made.json()["id"], "active")
    assert (first["transaction_id"], first["booked_on"]) == (money, "2026-01-20")
    assert (first["description"], first["counterparty_name"]) == ("Thanks", "R")
    assert (first["document_id"], first["document_number"]) == (paid["id"], "INV-7")
    assert (first["amount"], first["amount_minor"], first["currency"]) == ("95.00", "9500", "GBP")
    assert (first["write_off"], first["write_off_reason"]) == ("5.00", "fee")
    assert (second["amount"], second["document_number"]) == ("-20.00", "CN-1")
    assert (third["document_type"], third["document_number"]) == ("on_account", "")
    assert third["document_id"].startswith("cred_")
    assert third["write_off"] == ""


async def test_text_that_looks_like_a_formula_is_text(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    paid = await make_invoice(client, number="=1+1")
    money = await make_line(
        database, tenant_id, 10000, description='@SUM("x"),1', counterparty_name="-2"
    )
    body = {"allocations": [part(money, paid["id"], 10000)], "note": "\tx"}
    assert (await client.post(MATCH, json=body)).status_code == 201

    (row,) = await rows(client)

    assert row["document_number"] == "'=1+1"
    assert row["description"] == '\'@SUM("x"),1'
    assert row["counterparty_name"] == "'-2"
    assert row["note"] == "'\tx"


@pytest.mark.parametrize("text", ["=a", "+a", "-a", "@a", "\ta", "\ra", "\na"])
def test_every_beginning_of_a_formula_is_neutralised(text: str) -> None:
    assert next(csv.reader(io.StringIO(spreadsheet.lines([[text]]), newline=""))) == [f"'{text}"]


async def test_json_has_the_same_rows_exactly(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    paid = await make_invoice(client, number="=1+1")
    await match(client, part(await make_line(database, tenant_id, 10000), paid["id"], 10000))

    answer = await client.get(EXPORT, params={"format": "json"})

    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-disposition"] == 'attachment; filename="matches.json"'
    assert '"amount":100.00,' in answer.text
    (found,) = answer.json()
    assert found["document_number"] == "=1+1"
    assert list(found) == list((await rows(client))[0])


async def test_no_match_is_an_empty_file(client: httpx.AsyncClient) -> None:
    assert await rows(client) == []
    assert (await client.get(EXPORT, params={"format": "json"})).json() == []


@pytest.mark.parametrize("count", [1, 2, 3, 4])
async def test_many_are_written_some_at_a_time(
    client: httpx.AsyncClient,
    database: Database,
    tenant_id: TenantId,
    monkeypatch: pytest.MonkeyPatch,
    count: int,
) -> None:
    monkeypatch.setattr(exporting, "BATCH", 2)
    paid = await make_invoice(client)
    made = [
        (await match(client, part(await make_line(database, tenant_id, 1), paid["id"], 1))).json()
        for _ in range(count)
    ]

    ids = [each["id"] for each in made]
    assert [each["match_id"] for each in await rows(client)] == ids
    found = (await client.get(EXPORT, params={"format": "json"})).json()
    assert [each["match_id"] for each in found] == ids


async def test_an_export_is_narrowed_and_the_tenants_own(
    client: httpx.AsyncClient, stranger: Someone, database: Database, tenant_id: TenantId
) -> None:
    paid = await make_invoice(client)
    stands, undone = [
        (await match(client, part(await make_line(database, tenant_id, 1), paid["id"], 1))).json()
        for _ in range(2)
    ]
    await client.delete(f"{MATCH}/{undone['id']}")

    assert [each["match_id"] for each in await rows(client, status="active")] == [stands["id"]]
    assert [each["match_id"] for each in await rows(client, status="undone")] == [undone["id"]]
    assert await rows(client, source="auto") == []
    assert await rows(stranger.client) == []
