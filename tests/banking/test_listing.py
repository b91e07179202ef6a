"""The list that is read all the time says what its schema says: every kind of row and filter."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import create_async_engine

from payymo_api.banking.models import Transaction
from payymo_api.banking.schemas.transactions import TransactionAnswer, TransactionFilters
from payymo_api.banking.service.listing import list_transactions
from payymo_api.banking.service.transactions import get_transaction
from payymo_api.core.db import APP_ROLE, Database, ReadScope
from payymo_api.core.fields import Listing
from payymo_api.core.settings import Settings
from payymo_api.core.types import TransactionId, parse_public_id
from payymo_api.edge import exact
from tests.banking.conftest import TRANSACTIONS, Office
from tests.conftest import Someone

KINDS: dict[str, dict[str, Any]] = {
    "yen": {"amount_minor": -1234, "currency": "JPY", "settled_minor": -34},
    "dinars": {"amount_minor": 5, "currency": "KWD"},
    "empty": {"reference": None, "counterparty_name": None, "counterparty_iban": None},
    "full": {
        "value_on": date(2026, 1, 2),
        "booked_at": datetime(2026, 1, 2, 3, 4, 5, 678, UTC),
        "description": 'Ünïcode "quoted" \\ \x7f €😀',
        "end_to_end_id": "E2E",
        "category": "travel",
        "category_source": "user",
        "note": "line\nbreak",
    },
    "pending": {"status": "pending", "booked_at": datetime(2026, 1, 2, 3, 4, 5, 0, UTC)},
    "settled": {"match_state": "partial", "amount_minor": 100, "settled_minor": 1},
}


@pytest.fixture
async def lines(office: Office, database: Database) -> list[str]:
    """A connected bank's lines, some of them changed into every kind."""
    await office.connect()
    ids = [each["id"] for each in await office.lines()]
    async with database.scope(office.someone.tenant_id) as scope:
        for id, values in zip(ids, KINDS.values(), strict=False):
            mine = (
                Transaction.tenant_id == office.someone.tenant_id,
                Transaction.id == parse_public_id("tr", id),
            )
            await scope.session.execute(update(Transaction).where(*mine).values(**values))
    return ids


QUERIES: list[dict[str, Any]] = [
    {},
    {"sort": "booked_on"},
    {"limit": 3},
    {"status": "booked", "direction": "out", "limit": 5},
    {"match_state": "partial"},
    {"currency": "JPY", "min_amount_minor": -2000, "max_amount_minor": 0},
    {"category": "travel", "q": "ÜNÏCODE"},
    {"date_from": "2020-01-01", "date_to": "2030-01-01", "updated_since": "2020-01-01T00:00:00Z"},
    {"account_id": "bacc_none"},
    {"connection_id": "bc_none", "limit": 1},
    {"q": "no such words"},
]


@pytest.mark.parametrize("query", QUERIES, ids=json.dumps)
async def test_the_list_is_byte_for_byte_what_the_models_write(
    office: Office, database: Database, lines: list[str], query: Mapping[str, Any]
) -> None:
    answer = await office.client.get(TRANSACTIONS, params=query)
    shown = answer.json()

    async with database.scope(office.someone.tenant_id) as scope:
        data = [
            await get_transaction(scope, TransactionId(parse_public_id("tr", each["id"])))
            for each in shown["data"]
        ]
    expected = Listing[TransactionAnswer](
        data=data, has_more=shown["has_more"], next_cursor=shown["next_cursor"]
    )
    assert answer.content == exact.dump(expected)


async def test_a_connection_has_the_lines_of_its_accounts(office: Office, lines: list[str]) -> None:
    connection = (await office.get(TRANSACTIONS, limit=1))["data"][0]["connection_id"]

    found = await office.get(TRANSACTIONS, connection_id=connection, limit=200)

    assert [each["id"] for each in found["data"]] == lines[:200]


async def test_every_page_is_linked_and_carries_its_filters(
    office: Office, lines: list[str]
) -> None:
    seen: list[str] = []
    url: str | None = f"{TRANSACTIONS}?limit=7&status=booked"
    while url:
        answer = await office.client.get(url)
        seen += [each["id"] for each in answer.json()["data"]]
        url = answer.links["next"]["url"] if "next" in answer.links else None

    booked = [each["id"] for each in await office.lines(status="booked")]
    assert seen == booked


async def test_a_tenant_is_set_for_one_statement_only(
    office: Office, database: Database, lines: list[str], stranger: Someone
) -> None:
    filters = TransactionFilters()
    async with database.read_scope(office.someone.tenant_id) as scope:
        mine = await list_transactions(scope, filters)
        setting = "SELECT current_setting('payymo.tenant_id', true) AS tenant"
        left = await scope._driver.fetchval(setting)  # noqa: SLF001  what the next one finds
        other = await list_transactions(ReadScope(scope._driver, stranger.tenant_id), filters)  # noqa: SLF001  steps out of the policies on purpose

    assert len(mine.data) > 10
    assert left in ("", None)
    assert other.data == []


async def test_a_connection_with_another_role_is_refused(
    office: Office, database: Database, lines: list[str]
) -> None:
    async with database.read_scope(office.someone.tenant_id) as scope:
        await scope._driver.execute("BEGIN; SET LOCAL ROLE NONE")  # noqa: SLF001  steps out of the policies on purpose
        with pytest.raises(Exception, match="parameter name"):
            await list_transactions(scope, TransactionFilters())
        await scope._driver.execute("ROLLBACK")  # noqa: SLF001  steps out of the policies on purpose


async def test_behind_a_pooler_that_drops_the_role_a_transaction_has_it(
    office: Office, settings: Settings, lines: list[str], stranger: Someone
) -> None:
    engine = create_async_engine(settings.async_database_url, pool_size=1)  # no start-up role
    pooled = Database(engine, width=1, wait_seconds=5)
    async with pooled.read_scope(office.someone.tenant_id) as scope:
        mine = await list_transactions(scope, TransactionFilters())
    async with pooled.read_scope(stranger.tenant_id) as scope:
        other = await list_transactions(scope, TransactionFilters())
    async with engine.connect() as connection:
        user = await connection.scalar(text("SELECT current_user"))
    await pooled.close()

    assert len(mine.data) > 10
    assert other.data == []
    assert user != APP_ROLE
