import httpx
from sqlalchemy import text

from payymo_api.core.db import Database
from tests.conftest import Someone
from tests.invoicing.factories import CUSTOMERS, INVOICES, invoice, make_customer, make_invoice

IBAN = "GB29NWBK60161331926819"


async def test_makes_reads_overwrites_and_deletes_a_customer(client: httpx.AsyncClient) -> None:
    fields = {"external_id": "c-1", "iban": [IBAN], "country": "GB", "metadata": {"tier": "gold"}}
    made = await client.post(CUSTOMERS, json={"name": "Harbour", **fields})
    location = made.headers["Location"]

    assert made.status_code == 201
    assert made.json().items() >= {"name": "Harbour", "is_person": False, **fields}.items()
    assert (await client.get(location)).json() == made.json()
    replaced = await client.put(location, json={"name": "Harbour Ltd"})
    assert replaced.json().items() >= {"name": "Harbour Ltd", "external_id": None}.items()
    assert replaced.json()["iban"] == []
    assert (await client.delete(location)).status_code == 204
    assert (await client.get(location)).status_code == 404


async def test_an_external_id_names_one_customer(client: httpx.AsyncClient) -> None:
    first = await make_customer(client, external_id="c-1")
    second = await make_customer(client, external_id="c-2")

    again = await client.post(CUSTOMERS, json={"name": "x", "external_id": "c-1"})
    moved = await client.put(
        f"{CUSTOMERS}/{second['id']}", json={"name": "x", "external_id": "c-1"}
    )

    assert again.status_code == moved.status_code == 409
    assert again.json()["code"] == moved.json()["code"] == "external_id_taken"
    found = (await client.get(CUSTOMERS, params={"external_id": "c-1"})).json()["data"]
    assert [each["id"] for each in found] == [first["id"]]


async def test_a_changed_customer_refuses_an_old_etag(client: httpx.AsyncClient) -> None:
    location = f"{CUSTOMERS}/{(await make_customer(client))['id']}"
    tag = (await client.get(location)).headers["ETag"]

    first = await client.put(location, json={"name": "A"}, headers={"If-Match": tag})
    late = await client.put(location, json={"name": "B"}, headers={"If-Match": tag})

    assert first.status_code == 200
    assert late.status_code == 412


async def test_a_customer_with_documents_stays(client: httpx.AsyncClient) -> None:
    customer = await make_customer(client)
    await make_invoice(client, customer_id=customer["id"])

    refused = await client.delete(f"{CUSTOMERS}/{customer['id']}")

    assert refused.status_code == 409
    assert refused.json()["code"] == "customer_has_invoices"


async def test_a_batch_keeps_good_rows_and_names_what_is_wrong_with_others(
    client: httpx.AsyncClient,
) -> None:
    kept = await make_customer(client, external_id="same")
    await make_customer(client, external_id="old")
    rows = [
        {"external_id": "new", "name": "New", "iban": [IBAN]},
        {"external_id": "bad", "name": "Bad", "iban": ["GB00"]},
        {"external_id": "old", "name": "Changed", "iban": [IBAN]},
        {"external_id": "same", "name": "Harbour Foods Ltd"},
        {"external_id": "new", "name": "Twice"},
        {"name": "Nameless"},
    ]

    answer = await client.post(f"{CUSTOMERS}/batch", json={"rows": rows})

    assert answer.status_code == 200
    results = answer.json()["results"]
    assert [each["index"] for each in results] == list(range(6))
    assert [each["status"] for each in results] == (
        ["created", "error", "updated", "unchanged", "error", "error"]
    )
    assert results[1]["error"]["errors"][0]["pointer"] == "/rows/1/iban/0"
    assert results[3]["id"] == kept["id"]
    names = {each["name"] for each in (await client.get(CUSTOMERS)).json()["data"]}
    assert names == {"New", "Changed", "Harbour Foods Ltd"}


async def test_a_thousand_rows_are_one_batch_and_one_more_is_refused(
    client: httpx.AsyncClient,
) -> None:
    rows = [{"external_id": str(number), "name": "x"} for number in range(1001)]

    assert (await client.post(f"{CUSTOMERS}/batch", json={"rows": rows})).status_code == 422
    made = await client.post(f"{CUSTOMERS}/batch", json={"rows": rows[:1000]})
    again = await client.post(f"{CUSTOMERS}/batch", json={"rows": rows[:1000]})

    assert {each["status"] for each in made.json()["results"]} == {"created"}
    assert {each["status"] for each in again.json()["results"]} == {"unchanged"}


async def test_the_feed_tells_what_came_changed_and_went(client: httpx.AsyncClient) -> None:
    one, two = await make_customer(client, name="One"), await make_customer(client, name="Two")
    first = (await client.get(f"{CUSTOMERS}/sync")).json()
    assert [each["name"] for each in first["added"]] == ["One", "Two"]

    await client.put(f"{CUSTOMERS}/{one['id']}", json={"name": "One!"})
    await client.delete(f"{CUSTOMERS}/{two['id']}")
    three = await make_customer(client, name="Three")
    cursor = first["next_cursor"]
    then = (await client.get(f"{CUSTOMERS}/sync", params={"cursor": cursor})).json()

    assert [each["name"] for each in then["modified"]] == ["One!"]
    assert then["removed"] == [{"id": two["id"]}]
    assert [each["id"] for each in then["added"]] == [three["id"]]
    cursor = then["next_cursor"]
    last = (await client.get(f"{CUSTOMERS}/sync", params={"cursor": cursor})).json()
    assert last == {
        "added": [],
        "modified": [],
        "removed": [],
        "has_more": False,
        "next_cursor": cursor,
    }


async def test_the_feed_pages_through_one_transaction(client: httpx.AsyncClient) -> None:
    rows = [{"external_id": str(number), "name": str(number)} for number in range(5)]
    await client.post(f"{CUSTOMERS}/batch", json={"rows": rows})

    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await client.get(f"{CUSTOMERS}/sync", params={"limit": "2", **cursor})).json()
        seen += [each["external_id"] for each in page["added"]]
        assert page["modified"] == []
        cursor = {"cursor": page["next_cursor"]}
        if not page["has_more"]:
            break

    assert sorted(seen) == ["0", "1", "2", "3", "4"]


async def test_the_feed_waits_for_whoever_is_still_writing(
    someone: Someone, database: Database
) -> None:
    client = someone.client
    async with database.scope(someone.tenant_id) as scope:
        await scope.session.execute(text("SELECT pg_current_xact_id()"))
        await make_customer(client, name="Later")
        early = (await client.get(f"{CUSTOMERS}/sync")).json()
    late = (await client.get(f"{CUSTOMERS}/sync", params={"cursor": early["next_cursor"]})).json()

    assert early["added"] == []
    assert [each["name"] for each in late["added"]] == ["Later"]


async def test_a_foreign_customer_is_nowhere(someone: Someone, stranger: Someone) -> None:
    mine = (await make_customer(someone.client))["id"]

    read = await stranger.client.get(f"{CUSTOMERS}/{mine}")
    wrote = await stranger.client.put(f"{CUSTOMERS}/{mine}", json={"name": "x"})
    gone = await stranger.client.delete(f"{CUSTOMERS}/{mine}")
    named = await stranger.client.post(INVOICES, json=invoice(customer_id=mine))
    found = await stranger.client.get(INVOICES, params={"customer_id": mine})
    fed = await stranger.client.get(f"{CUSTOMERS}/sync")

    assert read.status_code == wrote.status_code == gone.status_code == 404
    assert named.status_code == 422
    assert named.json()["errors"][0]["pointer"] == "/customer_id"
    assert found.json()["data"] == fed.json()["added"] == []
