import httpx
import pytest

from payymo_api.core.db import Database
from payymo_api.core.types import parse_public_id
from payymo_api.invoicing.models import Invoice
from tests.conftest import Someone
from tests.invoicing.factories import INVOICES, invoice, make_customer, make_invoice


async def settle(database: Database, someone: Someone, id: str, minor: int) -> None:
    async with database.scope(someone.tenant_id) as scope:
        key = {"tenant_id": someone.tenant_id, "id": parse_public_id("inv", id)}
        row = await scope.session.get_one(Invoice, key)
        row.settled_minor, row.status = minor, "partially_paid"


async def test_answers_with_the_fields_of_the_contract(client: httpx.AsyncClient) -> None:
    customer = await make_customer(client, external_id="c-1")
    fields = {
        "external_id": "i-1",
        "due_on": "2026-02-05",
        "creditor_reference": "RF18539007547034",
        "po_number": "PO-9",
        "collection_method": "direct_debit",
        "collection_on": "2026-02-05",
        "discount": {"percent": 2, "days": 10},
        "metadata": {"team": "north"},
    }
    made = await client.post(INVOICES, json=invoice(customer_external_id="c-1", **fields))

    assert made.status_code == 201
    assert b'"amount":100.00,' in made.content
    assert (
        made.json().items()
        >= {
            **fields,
            "customer_id": customer["id"],
            "amount_minor": 10000,
            "currency": "GBP",
            "settled_minor": 0,
            "open_minor": 10000,
            "status": "open",
            "source": "api",
            "kind": "invoice",
        }.items()
    )
    assert (await client.get(made.headers["Location"])).json() == made.json()


@pytest.mark.parametrize(
    ("money", "minor", "text"),
    [
        ({"amount": 1234, "currency": "JPY"}, 1234, b'"amount":1234,'),
        ({"amount": "1.234", "currency": "KWD"}, 1234, b'"amount":1.234,'),
        ({"amount_minor": 10**15 - 1, "currency": "GBP"}, 10**15 - 1, b":9999999999999.99,"),
        ({"amount": 0.1, "amount_minor": 10, "currency": "EUR"}, 10, b'"amount":0.10,'),
    ],
)
async def test_money_is_exact(
    client: httpx.AsyncClient, money: dict[str, object], minor: int, text: bytes
) -> None:
    body = {"number": "1", "issued_on": "2026-01-05", **money}

    made = await client.post(INVOICES, json=body)

    assert made.json()["amount_minor"] == minor
    assert text in made.content


@pytest.mark.parametrize(
    ("money", "pointer"),
    [
        ({"amount": "1.2", "currency": "JPY"}, "/amount"),
        ({"amount": 1.234, "currency": "GBP"}, "/amount"),
        ({"amount": "1.00", "amount_minor": 101, "currency": "GBP"}, "/amount"),
        ({"amount": "0.00", "currency": "GBP"}, "/amount"),
        ({"amount": "-1.00", "currency": "GBP"}, "/amount"),
        ({"currency": "GBP"}, "/amount"),
        ({"amount_minor": 10**15, "currency": "GBP"}, "/amount_minor"),
        ({"amount": "1.00", "currency": "XXX"}, "/currency"),
    ],
)
async def test_wrong_money_is_named(
    client: httpx.AsyncClient, money: dict[str, object], pointer: str
) -> None:
    body = {"number": "1", "issued_on": "2026-01-05", **money}

    refused = await client.post(INVOICES, json=body)

    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == pointer


async def test_a_creditor_reference_has_its_check_digits(client: httpx.AsyncClient) -> None:
    wrong = await client.post(INVOICES, json=invoice(creditor_reference="RF19539007547034"))
    spaced = await client.post(INVOICES, json=invoice(creditor_reference="RF18 5390 0754 7034"))
    free = await client.post(INVOICES, json=invoice(creditor_reference="2345-X"))

    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["pointer"] == "/creditor_reference"
    assert spaced.status_code == free.status_code == 201


async def test_what_is_settled_guards_the_document(
    someone: Someone, client: httpx.AsyncClient, database: Database
) -> None:
    made = await make_invoice(client)
    location = f"{INVOICES}/{made['id']}"
    await settle(database, someone, made["id"], 4000)

    refusals = {
        "cut": await client.put(location, json=invoice(amount="39.99")),
        "currency": await client.put(location, json=invoice(currency="EUR")),
        "kind": await client.put(location, json=invoice(kind="credit_note")),
        "void": await client.put(location, json=invoice(status="void")),
        "delete": await client.delete(location),
    }
    cut = await client.put(location, json=invoice(amount="40.00"))

    assert {name: (each.status_code, each.json()["code"]) for name, each in refusals.items()} == {
        "cut": (409, "invoice_below_settled"),
        "currency": (409, "invoice_settled"),
        "kind": (409, "invoice_settled"),
        "void": (409, "invoice_settled"),
        "delete": (409, "invoice_settled"),
    }
    assert cut.json()["status"] == "paid"
    assert cut.json()["open_minor"] == 0


async def test_an_unsettled_document_can_be_void_and_open_again(client: httpx.AsyncClient) -> None:
    location = f"{INVOICES}/{(await make_invoice(client))['id']}"

    void = (await client.put(location, json=invoice(status="void"))).json()
    again = (await client.put(location, json=invoice())).json()

    assert (void["status"], void["open_minor"]) == ("void", 0)
    assert (again["status"], again["open_minor"]) == ("open", 10000)


async def test_a_document_of_another_source_is_read_only(
    someone: Someone, client: httpx.AsyncClient, database: Database
) -> None:
    made = await make_invoice(client, external_id="theirs")
    async with database.scope(someone.tenant_id) as scope:
        key = {"tenant_id": someone.tenant_id, "id": parse_public_id("inv", made["id"])}
        (await scope.session.get_one(Invoice, key)).source = "stripe"
    location = f"{INVOICES}/{made['id']}"

    replaced = await client.put(location, json=invoice(number="2"))
    deleted = await client.delete(location)
    rows = [invoice(external_id="theirs", number="2")]
    batch = await client.post(f"{INVOICES}/batch", json={"rows": rows})

    assert replaced.status_code == deleted.status_code == 409
    assert replaced.json()["code"] == "invoice_read_only"
    assert batch.json()["results"][0]["error"]["code"] == "invoice_read_only"


async def test_a_batch_keeps_good_rows_and_names_what_is_wrong_with_others(
    someone: Someone, client: httpx.AsyncClient, database: Database
) -> None:
    customer = await make_customer(client, external_id="c-1")
    await make_invoice(client, external_id="same")
    half_paid = await make_invoice(client, external_id="half")
    await settle(database, someone, half_paid["id"], 5000)
    rows = [
        invoice(external_id="new", customer_external_id="c-1"),
        invoice(external_id="lost", customer_external_id="c-2"),
        invoice(external_id="same"),
        invoice(external_id="half", amount="49.00"),
        invoice(external_id="dear", amount="1.001"),
        {"external_id": "bare"},
    ]

    answer = await client.post(f"{INVOICES}/batch", json={"rows": rows})

    results = answer.json()["results"]
    assert [each["status"] for each in results] == (
        ["created", "error", "unchanged", "error", "error", "error"]
    )
    faults = [each["error"] and each["error"]["errors"] for each in results]
    assert faults[1][0]["pointer"] == "/rows/1/customer_external_id"
    assert results[3]["error"]["code"] == "invoice_below_settled"
    assert faults[4][0]["pointer"] == "/rows/4/amount"
    assert faults[5][0]["pointer"] == "/rows/5/number"
    made = (await client.get(f"{INVOICES}/{results[0]['id']}")).json()
    assert made["customer_id"] == customer["id"]


async def test_a_batch_overwrites_by_external_id(client: httpx.AsyncClient) -> None:
    made = await make_invoice(client, external_id="i-1", metadata={"a": "b"})
    rows = [invoice(external_id="i-1", amount="120.00")]

    results = (await client.post(f"{INVOICES}/batch", json={"rows": rows})).json()["results"]

    assert results == [{"index": 0, "status": "updated", "id": made["id"], "error": None}]
    read = (await client.get(f"{INVOICES}/{made['id']}")).json()
    assert (read["amount_minor"], read["metadata"]) == (12000, {})
    fed = (await client.get(f"{INVOICES}/sync")).json()
    assert [each["amount_minor"] for each in fed["added"]] == [12000]


async def test_filters_narrow_the_list(client: httpx.AsyncClient) -> None:
    customer = await make_customer(client)
    jan = await make_invoice(client, number="JAN-1", external_id="e", due_on="2026-01-20")
    feb = await make_invoice(
        client, number="FEB-1", currency="EUR", issued_on="2026-02-01", customer_id=customer["id"]
    )
    note = await make_invoice(client, number="CN-1", kind="credit_note")

    async def found(**params: str) -> list[str]:
        answer = await client.get(INVOICES, params=params)
        return [each["id"] for each in answer.json()["data"]]

    assert await found() == [note["id"], feb["id"], jan["id"]]
    assert await found(kind="credit_note") == [note["id"]]
    assert await found(currency="EUR") == [feb["id"]]
    assert await found(customer_id=customer["id"]) == [feb["id"]]
    assert await found(customer_id="nonsense") == []
    assert await found(number="JAN-1") == await found(q="an-") == [jan["id"]]
    assert await found(external_id="e") == await found(due_to="2026-01-20") == [jan["id"]]
    assert await found(issued_from="2026-02-01") == [feb["id"]]
    assert await found(status="paid") == []


async def test_a_foreign_invoice_is_nowhere(someone: Someone, stranger: Someone) -> None:
    mine = (await make_invoice(someone.client, external_id="i-1"))["id"]

    read = await stranger.client.get(f"{INVOICES}/{mine}")
    wrote = await stranger.client.put(f"{INVOICES}/{mine}", json=invoice())
    gone = await stranger.client.delete(f"{INVOICES}/{mine}")
    rows = [invoice(external_id="i-1", number="THEIRS")]
    batch = await stranger.client.post(f"{INVOICES}/batch", json={"rows": rows})

    assert read.status_code == wrote.status_code == gone.status_code == 404
    assert batch.json()["results"][0]["status"] == "created"
    assert (await someone.client.get(f"{INVOICES}/{mine}")).json()["number"] == "INV-1"
