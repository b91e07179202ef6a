import asyncio
from collections.abc import Sequence
from datetime import date

import httpx
import pytest
from sqlalchemy import select, update

from payymo_api.banking.models import Transaction
from payymo_api.banking.repository import TransactionRepository
from payymo_api.core.clock import now
from payymo_api.core.db import Database
from payymo_api.core.types import MatchingRunId, TenantId, parse_public_id
from payymo_api.messaging.models import OutboxEvent
from payymo_api.reconciliation import tasks
from payymo_api.reconciliation.repository.runs import MatchingRunRepository
from payymo_api.reconciliation.service import examining, running
from tests.conftest import Someone
from tests.invoicing.factories import INVOICES, invoice, make_customer, make_invoice
from tests.reconciliation.factories import (
    MATCH,
    PAYER,
    STATUS,
    line,
    make_line,
    match,
    part,
    settled,
)


async def arrive(database: Database, tenant_id: TenantId) -> None:
    await tasks.match_open_lines(database, tenant_id, {})


async def run_everything(database: Database, tenant_id: TenantId) -> None:
    async with database.scope(tenant_id) as scope:
        row = await running.ask(scope, "a test")
    await running.run(database, tenant_id, row.id)


async def tell_documents(database: Database, tenant_id: TenantId) -> None:
    """Run the jobs of what was announced, as a worker would."""
    async with database.scope(tenant_id) as scope:
        rows = (
            await scope.session.scalars(
                select(OutboxEvent).where(OutboxEvent.name == "documents.changed")
            )
        ).all()
    for row in rows:
        await tasks.match_changed_documents(database, tenant_id, row.payload)


async def matches(client: httpx.AsyncClient, **params: str) -> list[dict[str, object]]:
    return list((await client.get(f"{STATUS}/matches", params=params)).json()["data"])


async def test_a_line_that_names_an_invoice_is_matched_with_its_reasons(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    paid = await make_invoice(client, number="INV-2026-0042")
    await make_line(database, tenant_id, 10000, description="Thanks INV 2026 0042")

    await arrive(database, tenant_id)

    (made,) = await matches(client)
    assert made["source"] == "auto"
    assert made["created_by"] == "engine"
    assert made["probability"] > 0.99  # type: ignore[operator]  # a number
    assert made["evidence"] == [
        "The text names INV-2026-0042.",
        "The amount is exactly what is open.",
        "Who paid is not known as this customer.",
    ]
    assert await settled(client, paid["id"]) == (10000, "paid")


async def told(database: Database, tenant_id: TenantId) -> Sequence[tuple[str, str | None]]:
    """Return everything that was announced, but for the runs."""
    async with database.scope(tenant_id) as scope:
        statement = select(OutboxEvent.name, OutboxEvent.data).order_by(OutboxEvent.id)
        rows = await scope.session.execute(statement)
    return [(row.name, row.data) for row in rows if row.name != "matching.due"]


async def test_running_twice_changes_nothing(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    """The second line pays again what the first has paid; two others may each mean the same."""
    await make_invoice(client, number="INV-2026-0042")
    await make_invoice(client, number="X", amount="77.00")
    for _ in range(2):
        await make_line(database, tenant_id, 10000, reference="INV-2026-0042")
        await make_line(database, tenant_id, 7700)
    await run_everything(database, tenant_id)
    before = await told(database, tenant_id)

    for _ in range(2):
        await run_everything(database, tenant_id)

    assert len(await matches(client)) == 1
    assert await told(database, tenant_id) == before


async def test_an_invoice_that_comes_after_its_line_is_found(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    await make_line(database, tenant_id, 10000, reference="INV-2026-0042")
    await arrive(database, tenant_id)

    paid = await make_invoice(client, number="INV-2026-0042")
    await tell_documents(database, tenant_id)

    assert await settled(client, paid["id"]) == (10000, "paid")


async def test_invoices_that_come_after_the_line_that_pays_all_of_them(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    customer = await make_customer(client)
    await make_line(database, tenant_id, 15000, reference="INV-1001 INV-1002")
    await arrive(database, tenant_id)
    rows = [
        invoice(external_id="1", number="INV-1001", customer_id=customer["id"]),
        invoice(external_id="2", number="INV-1002", customer_id=customer["id"], amount="50.00"),
    ]

    await client.post(f"{INVOICES}/batch", json={"rows": rows})
    await tell_documents(database, tenant_id)

    (made,) = await matches(client)
    assert [each["amount_minor"] for each in made["allocations"]] == [10000, 5000]  # type: ignore[attr-defined]


async def test_a_corrected_invoice_is_looked_at_again(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    paid = await make_invoice(client, number="INV-1001", amount="99.00")
    await make_line(database, tenant_id, 10000, reference="INV-1001")
    await arrive(database, tenant_id)
    assert await matches(client) == []

    await client.put(f"{INVOICES}/{paid['id']}", json=invoice(number="INV-1001"))
    await tell_documents(database, tenant_id)

    assert len(await matches(client)) == 1


async def test_an_account_is_learnt_from_a_match_and_forgotten_with_it(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    customer = await make_customer(client)
    first = await make_invoice(client, customer_id=customer["id"])
    money = await make_line(database, tenant_id, 10000, counterparty_iban=PAYER)
    made = (await match(client, part(money, first["id"], 10000))).json()

    second = await make_invoice(client, customer_id=customer["id"], amount="42.00")
    await make_line(database, tenant_id, 4200, counterparty_iban=PAYER)
    await arrive(database, tenant_id)
    assert await settled(client, second["id"]) == (4200, "paid")

    await client.delete(f"{MATCH}/{(await matches(client, document_id=second['id']))[0]['id']}")
    await client.delete(f"{MATCH}/{made['id']}")
    third = await make_invoice(client, customer_id=customer["id"], amount="43.00")
    await make_line(database, tenant_id, 4300, counterparty_iban=PAYER)
    await arrive(database, tenant_id)
    assert await settled(client, third["id"]) == (0, "open")


async def test_an_account_that_the_crm_knows_is_known(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    customer = await make_customer(client, iban=[PAYER])
    paid = await make_invoice(client, customer_id=customer["id"])
    await make_line(database, tenant_id, 10000, counterparty_iban=PAYER)

    await arrive(database, tenant_id)

    assert await settled(client, paid["id"]) == (10000, "paid")


async def test_what_somebody_took_apart_stays_apart(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    paid = await make_invoice(client, number="INV-1001")
    await make_line(database, tenant_id, 10000, reference="INV-1001")
    await arrive(database, tenant_id)
    (made,) = await matches(client)

    await client.delete(f"{MATCH}/{made['id']}")
    await run_everything(database, tenant_id)

    assert await settled(client, paid["id"]) == (0, "open")
    assert len(await matches(client)) == 1


async def test_run_is_queued_and_done_by_a_worker(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    paid = await make_invoice(client, number="INV-1001")
    await make_line(database, tenant_id, 10000, reference="INV-1001", examined_at=now())

    queued = await client.post(f"{STATUS}/run")
    again = await client.post(f"{STATUS}/run")
    due = await _payloads(database, tenant_id, "matching.due")
    for payload in due * 2:
        await tasks.match_everything(database, tenant_id, payload)

    assert queued.status_code == 202
    assert again.json() == queued.json()
    assert (queued.json()["status"], queued.json()["lines"], len(due)) == ("queued", None, 1)
    run = (await client.get(f"{STATUS}/runs/{queued.json()['id']}")).json()
    assert (run["status"], run["lines"]) == ("succeeded", 1)
    assert run["ended_at"] > run["created_at"]
    assert run["requested_by"].startswith("key_")
    assert await settled(client, paid["id"]) == (10000, "paid")


async def test_a_run_whose_worker_was_killed_is_done_by_the_next(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    paid = await make_invoice(client, number="INV-1001")
    await make_line(database, tenant_id, 10000, reference="INV-1001", examined_at=now())
    queued = (await client.post(f"{STATUS}/run")).json()
    id = MatchingRunId(parse_public_id("mrun", queued["id"]))
    async with database.scope(tenant_id) as scope:
        row = await MatchingRunRepository(scope).get_locked(id)
        row.status, row.lines = "running", await TransactionRepository(scope).examine_again()

    await running.run(database, tenant_id, id)

    run = (await client.get(f"{STATUS}/runs/{queued['id']}")).json()
    assert (run["status"], run["lines"]) == ("succeeded", 1)
    assert await settled(client, paid["id"]) == (10000, "paid")


async def _payloads(database: Database, tenant_id: TenantId, name: str) -> list[dict[str, object]]:
    async with database.scope(tenant_id) as scope:
        statement = select(OutboxEvent.payload).where(OutboxEvent.name == name)
        return list(await scope.session.scalars(statement))


async def test_looking_is_no_news_for_the_feed(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    id = await make_line(database, tenant_id, 10000)
    before = await line(database, tenant_id, id)

    await arrive(database, tenant_id)

    after = await line(database, tenant_id, id)
    assert after.examined_at is not None
    assert (after.changed_xid, after.updated_at) == (before.changed_xid, before.updated_at)


async def test_more_lines_than_a_batch_are_all_looked_at(
    client: httpx.AsyncClient,
    database: Database,
    tenant_id: TenantId,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(examining, "BATCH", 2)
    for number in range(5):
        await make_invoice(client, number=f"INV-100{number}", amount=f"{number + 1}.00")
        await make_line(database, tenant_id, 100 * (number + 1), reference=f"INV-100{number}")

    await arrive(database, tenant_id)

    assert len(await matches(client)) == 5


async def test_of_a_crowd_of_equal_amounts_only_what_is_named_or_owed_is_thought_of(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    customer = await make_customer(client, name="Quayside")
    rows = [
        invoice(external_id=str(number), number=f"INV-{1000 + number}", amount="9.99")
        for number in range(60)
    ]
    await client.post(f"{INVOICES}/batch", json={"rows": rows})
    owed = await make_invoice(client, number="X", amount="9.99", customer_id=customer["id"])
    by_name = await make_line(database, tenant_id, 999, counterparty_name="Quayside")
    by_number = await make_line(database, tenant_id, 999, reference="INV-1007")
    by_nothing = await make_line(database, tenant_id, 999)

    await arrive(database, tenant_id)

    lines = {each["allocations"][0]["transaction_id"] for each in await matches(client)}  # type: ignore[index]  # JSON is anything
    assert lines == {by_name, by_number}
    assert await settled(client, owed["id"]) == (999, "paid")
    assert (await line(database, tenant_id, by_nothing)).match_state == "unmatched"


async def test_no_other_tenants_document_is_ever_matched(
    someone: Someone, stranger: Someone, database: Database
) -> None:
    theirs = await make_invoice(stranger.client, number="INV-1001")
    await make_line(database, someone.tenant_id, 10000, reference="INV-1001")

    await arrive(database, someone.tenant_id)

    assert await settled(stranger.client, theirs["id"]) == (0, "open")


async def test_workers_at_once_match_each_line_once(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    for number in range(12):
        await make_invoice(client, number=f"INV-10{number:02d}", amount=f"{number + 1}.00")
        await make_line(database, tenant_id, 100 * (number + 1), reference=f"INV-10{number:02d}")

    await asyncio.gather(*(arrive(database, tenant_id) for _ in range(4)))

    lines = [each["allocations"][0]["transaction_id"] for each in await matches(client)]  # type: ignore[index]
    assert len(lines) == len(set(lines)) == 12


async def test_a_line_that_the_bank_takes_back_undoes_its_match_and_what_builds_on_it(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    customer = await make_customer(client)
    paid, later = await make_invoice(client), await make_invoice(client)
    money = await make_line(database, tenant_id, 13000)
    await match(
        client, part(money, paid["id"], 10000), part(money, customer["id"], 3000, "on_account")
    )
    credit = (await client.get(f"{STATUS}/credits")).json()["data"][0]["id"]
    await match(client, part(money, credit, -3000, "on_account"), part(money, later["id"], 3000))
    returned = await make_line(database, tenant_id, -10000, booked_on=date(2026, 2, 1))
    await match(client, part(returned, paid["id"], -10000))
    id = parse_public_id("tr", money)
    async with database.scope(tenant_id) as scope:
        gone = update(Transaction).where(Transaction.id == id).values(removed_at=now())
        await scope.session.execute(gone)

    for _ in range(2):
        await tasks.undo_removed_line(database, tenant_id, {"transaction_id": str(id)})

    assert {each["status"] for each in await matches(client)} == {"undone"}
    assert await settled(client, paid["id"]) == await settled(client, later["id"]) == (0, "open")
    assert (await line(database, tenant_id, returned)).match_state == "unmatched"


@pytest.mark.parametrize("how", ["deleted", "voided"])
async def test_a_line_taken_back_undoes_its_match_with_a_document_that_is_no_more(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId, how: str
) -> None:
    """Paid and paid back, an invoice may go; then the bank takes the second payment back."""
    paid = await make_invoice(client)
    money = await make_line(database, tenant_id, 10000)
    returned = await make_line(database, tenant_id, -10000, booked_on=date(2026, 2, 1))
    first = await match(client, part(money, paid["id"], 10000))
    await match(client, part(returned, paid["id"], -10000))
    if how == "deleted":
        ended = await client.delete(f"{INVOICES}/{paid['id']}")
    else:
        ended = await client.put(f"{INVOICES}/{paid['id']}", json=invoice(status="void"))
    assert ended.is_success

    id = str(parse_public_id("tr", returned))
    await tasks.undo_removed_line(database, tenant_id, {"transaction_id": id})
    undone = await client.delete(f"{MATCH}/{first.json()['id']}")
    again = await match(client, part(money, paid["id"], 10000))

    assert undone.status_code == 204
    assert (await line(database, tenant_id, money)).match_state == "unmatched"
    assert (await line(database, tenant_id, returned)).match_state == "unmatched"
    assert again.status_code == (422 if how == "deleted" else 409)
