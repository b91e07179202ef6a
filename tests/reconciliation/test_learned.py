"""What matches and undoings teach; a tenant sees it and can have it forgotten."""

import asyncio
import re
from typing import Any

import asyncpg
import httpx
import pytest

from payymo_api.core.clock import now
from payymo_api.core.db import Database
from payymo_api.core.settings import Settings
from payymo_api.core.types import TenantId, new_id, parse_public_id
from payymo_api.reconciliation import tasks
from payymo_api.reconciliation.repository.learned import LearnedRepository, PayerKind
from tests.conftest import Someone, migrate
from tests.invoicing.factories import make_customer, make_invoice
from tests.reconciliation.factories import LEARNED, MATCH, PAYER, make_line, match, part, settled

PAYS = {"counterparty_iban": PAYER, "counterparty_name": "Rosa Blåvik Ltd"}


async def facts(client: httpx.AsyncClient, **params: str) -> list[dict[str, Any]]:
    return list((await client.get(LEARNED, params=params)).json()["data"])


async def counts(client: httpx.AsyncClient) -> dict[str, tuple[int, int]]:
    return {
        each["kind"]: (each["confirmations"], each["contradictions"])
        for each in await facts(client)
    }


async def pay(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId, customer: str
) -> dict[str, Any]:
    """Return the match of a line from the payer with an invoice of the customer."""
    invoice = await make_invoice(client, customer_id=customer)
    money = await make_line(database, tenant_id, 10000, **PAYS)
    return dict((await match(client, part(money, invoice["id"], 10000))).json())


async def test_a_match_teaches_whose_account_and_name_it_is(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    customer = await make_customer(client)
    for _ in range(2):
        await pay(client, database, tenant_id, customer["id"])

    found = {each["kind"]: each for each in await facts(client)}

    assert set(found) == {"payer_account", "payer_name"}
    assert found["payer_account"]["key"] == PAYER
    assert found["payer_name"]["key"] == "ROSA BLAVIK LTD"
    for each in found.values():
        assert each["customer_id"] == customer["id"]
        assert (each["confirmations"], each["contradictions"]) == (2, 0)
        assert each["transaction_id"] is each["document_id"] is None


async def test_an_undoing_takes_a_confirmation_back_and_contradicts(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    customer = await make_customer(client)
    await pay(client, database, tenant_id, customer["id"])
    made = await pay(client, database, tenant_id, customer["id"])

    await client.delete(f"{MATCH}/{made['id']}")

    assert await counts(client) == {
        "payer_account": (1, 1),
        "payer_name": (1, 1),
        "not_this": (0, 1),
    }


async def test_a_line_that_the_bank_takes_back_contradicts_nothing(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    customer = await make_customer(client)
    made = await pay(client, database, tenant_id, customer["id"])
    money = parse_public_id("tr", made["allocations"][0]["transaction_id"])

    await tasks.undo_removed_line(database, tenant_id, {"transaction_id": str(money)})

    assert await facts(client) == []


async def test_joining_again_by_hand_ends_what_was_set_apart(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    invoice, money = await make_invoice(client), await make_line(database, tenant_id, 10000)
    made = (await match(client, part(money, invoice["id"], 10000))).json()
    await client.delete(f"{MATCH}/{made['id']}")
    (apart,) = await facts(client, kind="not_this")

    await match(client, part(money, invoice["id"], 10000))

    assert (apart["transaction_id"], apart["document_id"]) == (money, invoice["id"])
    assert await facts(client) == []


async def test_what_is_forgotten_decides_no_more(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    """The account alone would tell that the customer pays; and the pair was taken apart."""
    customer = await make_customer(client)
    await pay(client, database, tenant_id, customer["id"])
    (account,) = await facts(client, kind="payer_account")
    assert (await client.delete(f"{LEARNED}/{account['id']}")).status_code == 204

    owed = await make_invoice(client, customer_id=customer["id"], amount="55.00")
    await make_line(database, tenant_id, 5500, counterparty_iban=PAYER)
    await tasks.match_open_lines(database, tenant_id, {})

    assert await settled(client, owed["id"]) == (0, "open")
    assert {each["kind"] for each in await facts(client)} == {"payer_name"}
    assert (await client.delete(f"{LEARNED}/{account['id']}")).status_code == 404


async def test_everything_is_forgotten(
    client: httpx.AsyncClient, stranger: Someone, database: Database, tenant_id: TenantId
) -> None:
    invoice = await make_invoice(client, number="INV-1001")
    money = await make_line(database, tenant_id, 10000, reference="INV-1001", **PAYS)
    made = (await match(client, part(money, invoice["id"], 10000))).json()
    await client.delete(f"{MATCH}/{made['id']}")
    theirs = await make_customer(stranger.client)
    await pay(stranger.client, database, stranger.tenant_id, theirs["id"])

    forgotten = await client.delete(LEARNED)
    await tasks.match_open_lines(database, tenant_id, {})

    assert forgotten.status_code == 204
    assert await settled(client, invoice["id"]) == (10000, "paid")  # no more apart
    assert len(await facts(stranger.client)) == 2


async def test_facts_are_listed_by_kind_and_customer(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    one, two = await make_customer(client), await make_customer(client)
    for customer in (one, two):
        await pay(client, database, tenant_id, customer["id"])

    assert len(await facts(client)) == 4
    assert {each["customer_id"] for each in await facts(client, customer_id=one["id"])} == {
        one["id"]
    }
    assert len(await facts(client, kind="payer_name", customer_id=two["id"])) == 1
    assert await facts(client, customer_id="cust_x") == []
    page = (await client.get(LEARNED, params={"limit": "3"})).json()
    rest = await facts(client, limit="3", cursor=page["next_cursor"])
    assert len(page["data"]) == 3
    assert len(rest) == 1


@pytest.mark.parametrize("kind", ["payer_account", "payer_name"])
async def test_one_account_or_name_may_pay_for_several(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId, kind: PayerKind
) -> None:
    one, two = await make_customer(client), await make_customer(client)
    for customer in (one, two, two):
        await pay(client, database, tenant_id, customer["id"])
    key = PAYER if kind == "payer_account" else "ROSA BLAVIK LTD"

    async with database.scope(tenant_id) as scope:
        found = await LearnedRepository(scope).known([key, "ANOTHER"])

    assert {each.kind for each in found} == {kind}
    assert {each.customer_id: each.confirmations for each in found} == {
        parse_public_id("cust", one["id"]): 1,
        parse_public_id("cust", two["id"]): 2,
    }


async def test_what_was_undone_with_another_s_line_is_not_set_apart(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    """The engine undoes a later match because the bank took an earlier line back: no judgement."""
    invoice = await make_invoice(client)
    first = await make_line(database, tenant_id, 10000)
    back = await make_line(database, tenant_id, -10000, examined_at=now())
    await match(client, part(first, invoice["id"], 10000))
    await match(client, part(back, invoice["id"], -10000))

    payload = {"transaction_id": str(parse_public_id("tr", first))}
    await tasks.undo_removed_line(database, tenant_id, payload)

    assert await settled(client, invoice["id"]) == (0, "open")
    assert await facts(client) == []


def test_the_migration_keeps_what_was_learned_before(settings: Settings) -> None:
    """Of every tenant, though row-level security is forced on the one who migrates."""
    name = f"scratch_{new_id().hex}"
    url = re.sub(r"(://[^/]*)/[^/?]*", rf"\1/{name}", settings.database_url, count=1)
    asyncio.run(_execute(settings.database_url, f"CREATE DATABASE {name}"))
    try:
        migrate(url, "0017")
        for tenant in (new_id(), new_id()):
            asyncio.run(_execute(url, _LEARNED_BEFORE.format(id=tenant)))
        migrate(url)
        facts = (
            "SELECT kind, key, customer_id IS NULL, invoice_id IS NULL, confirmations,"
            " contradictions FROM learned_facts ORDER BY kind"
        )
        as_tenant = f"SET payymo.tenant_id = '{tenant}'; SET ROLE payymo_app"
        assert asyncio.run(_execute(url, as_tenant, facts)) == [
            ("not_this", str(tenant), True, False, 0, 2),
            ("payer_account", PAYER, False, True, 3, 0),
        ]
    finally:
        asyncio.run(_execute(settings.database_url, f"DROP DATABASE {name} WITH (FORCE)"))


_LEARNED_BEFORE = """
SET payymo.tenant_id = '{id}'; SET ROLE payymo_app;
INSERT INTO tenants (tenant_id, name, plan) VALUES ('{id}', 'old', 'standard');
INSERT INTO customers (tenant_id, id, name, is_person, iban, metadata)
VALUES ('{id}', '{id}', 'old', false, '{{}}', '{{}}');
INSERT INTO payer_ibans (tenant_id, iban, customer_id, confirmations)
VALUES ('{id}', 'DE89370400440532013000', '{id}', 3);
INSERT INTO invoices (tenant_id, id, number, kind, issued_on, amount_minor, currency, source,
    metadata)
VALUES ('{id}', '{id}', 'INV-1', 'invoice', '2026-03-01', 5, 'GBP', 'api', '{{}}');
INSERT INTO bank_accounts (tenant_id, id, currency, status)
VALUES ('{id}', '{id}', 'GBP', 'active');
INSERT INTO transactions (tenant_id, id, account_id, status, amount_minor, currency, booked_on,
    description, fingerprint, occurrence, source, raw)
VALUES ('{id}', '{id}', '{id}', 'booked', 5, 'GBP', '2026-03-01', '', '\\x00', 1, 'feed', '{{}}');
WITH undone AS (
    INSERT INTO matches (tenant_id, id, status, source, created_by, undone_by, undone_at)
    SELECT '{id}', gen_random_uuid(), 'undone', 'manual', 'key', 'key', now()
    FROM generate_series(1, 2) RETURNING id
)
INSERT INTO allocations (tenant_id, id, match_id, transaction_id, document_type, invoice_id,
    amount_minor, currency, document_amount_minor, document_currency)
SELECT '{id}', gen_random_uuid(), id, '{id}', 'invoice', '{id}', 5, 'GBP', 5, 'GBP' FROM undone;
"""


async def _execute(url: str, statement: str, query: str | None = None) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
        return [tuple(row) for row in await connection.fetch(query)] if query else []
    finally:
        await connection.close()
