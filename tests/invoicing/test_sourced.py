"""Documents that another system keeps."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest

from payymo_api.core.db import Database
from payymo_api.core.types import public_id
from payymo_api.invoicing.models import Invoice
from payymo_api.invoicing.rules import SourceStatus
from payymo_api.invoicing.service import sourced
from payymo_api.invoicing.service.sourced import Told
from tests.conftest import Someone
from tests.invoicing.factories import CUSTOMERS, INVOICES, invoice, make_customer
from tests.reconciliation.factories import make_line, match, part, settled

TOLD = Told(
    ref="in_1",
    number="ACME-0001",
    customer_ref="cus_1",
    customer_name="Harbour Foods Ltd",
    customer_email="ap@harbour.example",
    issued_on=date(2026, 1, 5),
    due_on=date(2026, 2, 4),
    amount_minor=10_000,
    currency="GBP",
    collection_method="send_invoice",
    source_status=None,
    metadata={"order": "7"},
)


async def _keep(database: Database, someone: Someone, *told: Told) -> Sequence[Invoice]:
    """As a job does that may run twice."""
    async with database.scope(someone.tenant_id) as scope:
        rows = await sourced.make(scope, "stripe", told)
        await sourced.change(scope, rows, told)
        return rows


async def test_is_made_once_with_its_customer(database: Database, someone: Someone) -> None:
    await _keep(database, someone, TOLD)
    await _keep(database, someone, TOLD)

    [made] = (await someone.client.get(INVOICES)).json()["data"]
    [customer] = (await someone.client.get(CUSTOMERS)).json()["data"]
    assert {name: made[name] for name in ("number", "amount_minor", "currency", "status")} == {
        "number": "ACME-0001",
        "amount_minor": 10_000,
        "currency": "GBP",
        "status": "open",
    }
    assert (made["source"], made["source_ref"]) == ("stripe", "in_1")
    assert (made["issued_on"], made["due_on"]) == ("2026-01-05", "2026-02-04")
    assert made["metadata"] == {"order": "7"}
    assert made["customer_id"] == customer["id"]
    assert (customer["name"], customer["external_id"]) == ("Harbour Foods Ltd", "cus_1")


async def test_is_made_once_by_many_at_once(database: Database, someone: Someone) -> None:
    others = [replace(TOLD, ref=f"in_{number}") for number in range(5)]

    await asyncio.gather(*(_keep(database, someone, *others) for _ in range(5)))

    refs = [row["source_ref"] for row in (await someone.client.get(INVOICES)).json()["data"]]
    assert sorted(refs) == sorted(each.ref for each in others)
    assert len((await someone.client.get(CUSTOMERS)).json()["data"]) == 1


async def test_belongs_to_the_customer_whom_the_tenant_knows_by_that_id(
    database: Database, someone: Someone
) -> None:
    known = await make_customer(someone.client, external_id="cus_1", name="Known")

    await _keep(database, someone, TOLD)

    [made] = (await someone.client.get(INVOICES)).json()["data"]
    assert made["customer_id"] == known["id"]


async def test_is_found_by_what_its_source_calls_it(database: Database, someone: Someone) -> None:
    await _keep(database, someone, TOLD, replace(TOLD, ref="in_2"))

    found = (await someone.client.get(INVOICES, params={"source_ref": "in_2"})).json()["data"]

    assert [row["source_ref"] for row in found] == ["in_2"]


async def test_changes_as_its_source_says(database: Database, someone: Someone) -> None:
    await _keep(database, someone, TOLD)

    await _keep(database, someone, replace(TOLD, amount_minor=9000, due_on=None, number="A-2"))

    [read] = (await someone.client.get(INVOICES)).json()["data"]
    assert (read["amount_minor"], read["due_on"], read["number"]) == (9000, None, "A-2")


@pytest.mark.parametrize("said", ["void", "uncollectible"])
async def test_is_void_where_its_source_expects_nothing_more(
    database: Database, someone: Someone, said: SourceStatus
) -> None:
    [row] = await _keep(database, someone, replace(TOLD, source_status=said))
    id = public_id("inv", row.id)
    line = await make_line(database, someone.tenant_id, 10_000)

    read = (await someone.client.get(f"{INVOICES}/{id}")).json()
    refused = await match(someone.client, part(line, id, 10_000))

    assert (read["status"], read["open_minor"], read["source_status"]) == ("void", 0, said)
    assert refused.json()["code"] == "document_void"


async def test_paid_elsewhere_is_paid_and_the_line_that_brings_the_money_matches_it(
    database: Database, someone: Someone
) -> None:
    [row] = await _keep(database, someone, replace(TOLD, source_status="paid_elsewhere"))
    id = public_id("inv", row.id)
    read = (await someone.client.get(f"{INVOICES}/{id}")).json()
    assert (read["status"], read["open_minor"], read["settled_minor"]) == ("paid", 0, 0)

    line = await make_line(database, someone.tenant_id, 10_000)
    made = await match(someone.client, part(line, id, 10_000))
    assert await settled(someone.client, id) == (10_000, "paid")

    await someone.client.delete(f"/api/v1/reconciliation/match/{made.json()['id']}")
    assert await settled(someone.client, id) == (0, "paid")


async def test_is_never_cut_below_what_is_settled_and_stays_void_when_a_match_is_undone(
    database: Database, someone: Someone
) -> None:
    [row] = await _keep(database, someone, TOLD)
    id = public_id("inv", row.id)
    line = await make_line(database, someone.tenant_id, 7000)
    made = await match(someone.client, part(line, id, 7000))

    await _keep(database, someone, replace(TOLD, amount_minor=5000, source_status="void"))
    read = (await someone.client.get(f"{INVOICES}/{id}")).json()
    assert (read["amount_minor"], read["settled_minor"], read["status"]) == (7000, 7000, "void")

    await someone.client.delete(f"/api/v1/reconciliation/match/{made.json()['id']}")
    assert await settled(someone.client, id) == (0, "void")


async def test_can_not_be_changed_or_deleted_by_the_api(
    database: Database, someone: Someone
) -> None:
    [row] = await _keep(database, someone, TOLD)
    path = f"{INVOICES}/{public_id('inv', row.id)}"

    put = await someone.client.put(path, json=invoice())
    deleted = await someone.client.delete(path)

    for answer in (put, deleted):
        assert (answer.status_code, answer.json()["code"]) == (409, "invoice_read_only")
    assert (await someone.client.get(path)).json()["number"] == "ACME-0001"
