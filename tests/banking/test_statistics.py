"""Statistics are exact: whatever was done to lines, rollups add up to what the lines add up to."""

import asyncio
import os
import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import asyncpg
import httpx
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import select, update

from payymo_api.banking.models import DailyRollup, Transaction
from payymo_api.banking.repository import stats
from payymo_api.banking.repository.rollups import differences
from payymo_api.banking.rules.line import Line
from payymo_api.banking.schemas.transactions import StatsFilters
from payymo_api.core.db import Database
from payymo_api.core.settings import Settings
from payymo_api.core.types import TenantId, new_id, public_id
from payymo_api.local.stack import PAYYMO
from tests.banking.ledger import FIRST, LAST, Ledger, said
from tests.conftest import migrate
from tests.invoicing.factories import make_invoice
from tests.reconciliation.factories import make_line, match, part

CATEGORIES = [None, "travel", "sales"]


@st.composite
def line(draw: st.DrawFn) -> Line:
    return said(
        draw(st.sampled_from([0, 1, -1, 1999, -(10**12)])),
        draw(st.sampled_from(["Coffee", "Rent", "coffee 2"])),
        booked=draw(st.booleans()),
        currency=draw(st.sampled_from(["GBP", "JPY"])),
        booked_on=draw(st.dates(FIRST, LAST)),
        end_to_end_id=draw(st.sampled_from([None, "e1"])),
        internal_id=draw(st.sampled_from([None, "a", "b"])),
    )


numbers = st.integers(0, 2)
operations = st.lists(
    st.one_of(
        st.tuples(st.just("tell"), numbers, st.lists(line(), max_size=6)),
        st.tuples(st.just("categorise"), st.integers(0, 9), st.sampled_from(CATEGORIES)),
        st.tuples(st.just("settle"), st.integers(0, 9), st.sampled_from([0, 50, 100])),
        st.tuples(st.just("fold")),
    ),
    min_size=1,
    max_size=12,
)


@st.composite
def asked(draw: st.DrawFn) -> dict[str, Any]:
    """Filters, each there or not; `account` and `connection` name the ledger's own."""
    optional: dict[str, st.SearchStrategy[Any]] = {
        "account": numbers,
        "connection": st.just("theirs"),
        "direction": st.sampled_from(["in", "out"]),
        "status": st.sampled_from([None, "pending"]),
        "category": st.sampled_from(["travel", "sales", "nowhere"]),
        "match_state": st.sampled_from(["matched", "partial", "unmatched"]),
        "currency": st.sampled_from(["GBP", "JPY"]),
        "date_from": st.dates(FIRST, LAST).map(str),
        "date_to": st.dates(FIRST, LAST).map(str),
    }
    return draw(st.fixed_dictionaries({}, optional=optional))


def filters(ledger: Ledger, asked: dict[str, Any], **more: Any) -> StatsFilters:  # noqa: ANN401  query values
    query = {**asked, **more}
    if "account" in query:
        query["account_id"] = public_id("bacc", ledger.accounts[query.pop("account")])
    if query.pop("connection", None):
        query["connection_id"] = public_id("bc", ledger.connection_id)
    return StatsFilters.model_validate(query)


def expected(rows: Sequence[Transaction], ledger: Ledger, want: StatsFilters) -> dict[str, Any]:
    """The sums by hand: [count, in, out] per currency, and how many are matched."""
    found: dict[str, Any] = defaultdict(lambda: [0, 0, 0])
    matched = 0
    for row in rows:
        if (
            (want.account_id and row.account_id != want.account_id)
            or (want.connection_id and row.account_id == ledger.accounts[0])
            or (want.direction == "in" and row.amount_minor <= 0)
            or (want.direction == "out" and row.amount_minor >= 0)
            or (want.status and row.status != want.status)
            or (want.category and row.category != want.category)
            or (want.match_state and row.match_state != want.match_state)
            or (want.currency and row.currency != want.currency)
            or (want.date_from and row.booked_on < want.date_from)
            or (want.date_to and row.booked_on > want.date_to)
        ):
            continue
        sums = found[row.currency]
        sums[0] += 1
        sums[1] += max(row.amount_minor, 0)
        sums[2] += min(row.amount_minor, 0)
        matched += row.match_state == "matched"
    return {**found, "matched": matched}


@examples(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    did=operations,
    asked=st.lists(asked(), min_size=3, max_size=3),
    period=st.sampled_from(["day", "week", "month"]),
)
async def test_rollups_add_up_to_what_the_lines_add_up_to(
    database: Database, did: list[tuple[Any, ...]], asked: list[dict[str, Any]], period: str
) -> None:
    ledger = await Ledger.fresh(database)
    for name, *arguments in did:
        await getattr(ledger, name)(*arguments)
    rows = await ledger.lines()

    async with database.scope(ledger.tenant_id) as scope:
        assert await differences(scope) == 0
        for each in asked:
            want = filters(ledger, each)
            from_rollups = await stats.statistics(scope, want, period)
            from_lines = await stats.statistics(
                scope, filters(ledger, each, updated_since="1970-01-01T00:00:00Z"), period
            )
            assert from_rollups == from_lines
            assert {
                **{
                    total.currency: [total.count, total.incoming, total.outgoing]
                    for total in from_rollups.currencies
                },
                "matched": from_rollups.matched,
            } == expected(rows, ledger, want)


async def test_everybody_at_once_waits_for_nobody_and_stays_exact(database: Database) -> None:
    ledger = await Ledger.fresh(database)
    told = [said(minor) for minor in range(1, 30)]
    for account in range(3):
        await ledger.tell(account, told)

    await asyncio.gather(
        *(ledger.tell(account, told[account * 3 :]) for account in range(3)),
        *(ledger.categorise(picked, "travel") for picked in range(5)),
        *(ledger.settle(picked, 100) for picked in range(3, 8)),
        *(ledger.fold() for _ in range(4)),
    )

    async with database.scope(ledger.tenant_id) as scope:
        assert await differences(scope) == 0


async def test_folding_leaves_one_row_a_cell(database: Database) -> None:
    ledger = await Ledger.fresh(database)
    await ledger.tell(0, [said(1), said(2), said(-3), said(-4, booked_on=LAST)])
    for category in ("travel", "sales", "travel"):
        await ledger.categorise(0, category)
        await ledger.settle(0, 100)

    await ledger.fold()

    async with database.scope(ledger.tenant_id) as scope:
        rows = (await scope.session.scalars(select(DailyRollup))).all()
    assert all(row.folded for row in rows)
    assert len(rows) == 4
    assert {(row.category, row.match_state, row.amount_minor) for row in rows} == {
        (None, "unmatched", 1),
        (None, "unmatched", -4),
        ("travel", "matched", 2),
        ("travel", "matched", -3),
    }


async def test_the_operator_finds_and_mends_what_was_written_past_us(
    database: Database, settings: Settings
) -> None:
    ledger = await Ledger.fresh(database)
    await ledger.tell(0, [said(1), said(2)])
    async with database.scope(ledger.tenant_id) as scope:
        await scope.session.execute(
            update(Transaction).where(Transaction.amount_minor == 1).values(category="meddled")
        )

    async def check(*options: str) -> tuple[int, str]:
        arguments = ("check-rollups", "--tenant", public_id("tenant", ledger.tenant_id), *options)
        secrets = settings.encryption_keys, settings.api_key_pepper
        told = ("DATABASE_URL", "REDIS_URL", "ENCRYPTION_KEYS", "API_KEY_PEPPER")
        values = (
            settings.database_url,
            settings.redis_url,
            *(s.get_secret_value() for s in secrets),
        )
        environment = {f"PAYYMO_{n}": v for n, v in zip(told, values, strict=True)}
        process = await asyncio.create_subprocess_exec(
            *PAYYMO, *arguments, env={**os.environ, **environment}, stdout=asyncio.subprocess.PIPE
        )
        output, _ = await process.communicate()
        return process.returncode or 0, output.decode().split()[1]

    assert await check() == (1, "2")
    assert await check("--mend") == (0, "2")
    assert await check() == (0, "0")


async def test_a_match_and_its_undoing_move_the_line(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    async def matched() -> dict[str, Any]:
        async with database.scope(tenant_id) as scope:
            assert await differences(scope) == 0
        stats = await client.get("/api/v1/transactions/stats")
        return stats.json()["matched"]  # type: ignore[no-any-return]  # JSON

    paid, money = await make_invoice(client), await make_line(database, tenant_id, 10000)
    await make_line(database, tenant_id, 1)
    made = (await match(client, part(money, paid["id"], 10000))).json()
    assert await matched() == {"count": 2, "matched_count": 1, "ratio": 0.5}

    await client.delete(f"/api/v1/reconciliation/match/{made['id']}")
    assert await matched() == {"count": 2, "matched_count": 0, "ratio": 0}


def test_the_migration_counts_the_lines_that_are_there(settings: Settings) -> None:
    """Of every tenant, though row-level security is forced on the one who migrates."""
    name = f"scratch_{new_id().hex}"
    url = re.sub(r"(://[^/]*)/[^/?]*", rf"\1/{name}", settings.database_url, count=1)
    asyncio.run(_execute(settings.database_url, f"CREATE DATABASE {name}"))
    try:
        migrate(url, "0002")
        for tenant_id in (new_id(), new_id()):
            asyncio.run(_execute(url, _THREE_LINES.format(tenant_id=tenant_id)))
        migrate(url)
        counted = "SELECT lines, amount_minor FROM daily_rollups ORDER BY booked_on, direction"
        as_tenant = f"SET payymo.tenant_id = '{tenant_id}'; SET ROLE payymo_app"
        assert asyncio.run(_execute(url, as_tenant, counted)) == [(1, 5), (1, -3)]
    finally:
        asyncio.run(_execute(settings.database_url, f"DROP DATABASE {name} WITH (FORCE)"))


_THREE_LINES = """
SET payymo.tenant_id = '{tenant_id}'; SET ROLE payymo_app;
INSERT INTO tenants (tenant_id, name, plan) VALUES ('{tenant_id}', 'old', 'standard');
INSERT INTO bank_accounts (tenant_id, id, currency, status)
VALUES ('{tenant_id}', '{tenant_id}', 'GBP', 'active');
INSERT INTO transactions (tenant_id, id, account_id, status, amount_minor, currency, booked_on,
    description, fingerprint, occurrence, source, raw, removed_at)
SELECT '{tenant_id}', gen_random_uuid(), '{tenant_id}', 'booked', minor, 'GBP', '2026-03-01', '',
    decode(md5(minor::text), 'hex'), 1, 'feed', '{{}}', gone
FROM (VALUES (5, NULL), (-3, NULL), (7, now())) AS lines (minor, gone);
"""


async def _execute(url: str, statement: str, query: str | None = None) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
        return [tuple(row) for row in await connection.fetch(query)] if query else []
    finally:
        await connection.close()
