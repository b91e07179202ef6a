"""Statistics are exact: whatever was done to lines, rollups add up to what the lines add up to."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from payymo_api.banking.models import BankAccount, BankConnection, DailyRollup, Transaction
from payymo_api.banking.repository import AccountRepository, TransactionRepository, stats
from payymo_api.banking.repository.rollups import differences, tracked
from payymo_api.banking.rules.line import FEED, Line
from payymo_api.banking.rules.merge import Window
from payymo_api.banking.schemas.transactions import BatchRequest, StatsFilters
from payymo_api.banking.service import rollups
from payymo_api.banking.service import transactions as service
from payymo_api.banking.service.merging import Telling, keep
from payymo_api.core.db import Database
from payymo_api.core.types import AccountId, ConnectionId, TenantId, new_id, public_id
from payymo_api.tenants.service import create_tenant
from tests.invoicing.factories import make_invoice
from tests.reconciliation.factories import make_line, match, part

FIRST, LAST = date(2026, 2, 25), date(2026, 3, 6)
CATEGORIES = [None, "travel", "sales"]


@dataclass
class Ledger:
    """A tenant with three accounts, two of them with the feed of one connection."""

    database: Database
    tenant_id: TenantId
    connection_id: ConnectionId = field(default_factory=lambda: ConnectionId(new_id()))
    accounts: list[AccountId] = field(default_factory=list)

    @classmethod
    async def fresh(cls, database: Database) -> "Ledger":
        ledger = cls(database, await create_tenant(database, name="ledger", plan="standard"))
        ledger.accounts = [AccountId(new_id()) for _ in range(3)]
        connection = BankConnection(
            id=ledger.connection_id,
            tenant_id=ledger.tenant_id,
            provider="gocardless",
            institution_id="x",
            institution={},
            status="active",
            redirect_url="",
            history_days=90,
        )
        async with database.scope(ledger.tenant_id) as scope:
            scope.session.add(connection)
            await scope.session.flush()
            for place, id in enumerate(ledger.accounts):
                AccountRepository(scope).add(
                    BankAccount(
                        id=id,
                        connection_id=ledger.connection_id if place else None,
                        currency="GBP",
                        status="active",
                    )
                )
        return ledger

    async def tell(self, account: int, lines: Sequence[Line]) -> None:
        """The feed tells the days in full: what it leaves out is gone."""
        telling = Telling(lines, FIRST, LAST, Window(FIRST, LAST), in_bulk=False)
        async with self.database.scope(self.tenant_id) as scope:
            row = await AccountRepository(scope).get_locked(self.accounts[account])
            await keep(scope, row, telling)

    async def categorise(self, picked: int, category: str | None) -> None:
        rows = [
            {"id": public_id("tr", id), "category": category} for id in await self._some(picked)
        ]
        if rows:
            async with self.database.scope(self.tenant_id) as scope:
                await service.categorise_batch(scope, BatchRequest.model_validate({"rows": rows}))

    async def settle(self, picked: int, share: int) -> None:
        """Set what is settled to this share of the line, in percent."""
        async with self.database.scope(self.tenant_id) as scope:
            for row in await TransactionRepository(scope).locked(await self._some(picked)):
                async with tracked(scope, [row]):
                    settled = int(row.amount_minor * share / 100)
                    TransactionRepository.settle(row, settled - row.settled_minor)

    async def fold(self) -> None:
        await rollups.fold_new(self.database)

    async def lines(self) -> Sequence[Transaction]:
        async with self.database.scope(self.tenant_id) as scope:
            ordered = TransactionRepository(scope).select().order_by(Transaction.id)
            return (await scope.session.scalars(ordered)).all()

    async def _some(self, picked: int) -> list[Any]:
        """One line, or every second one."""
        ids = [row.id for row in await self.lines()]
        return [ids[picked % len(ids)]] if picked and ids else ids[::2]


def said(minor: int, text: str = "Coffee", **more: Any) -> Line:  # noqa: ANN401  a line's fields
    fields: dict[str, Any] = {
        "booked": True,
        "currency": "GBP",
        "booked_on": FIRST,
        "value_on": None,
        "booked_at": None,
        "reference": None,
        "end_to_end_id": None,
        "counterparty_name": None,
        "counterparty_iban": None,
        "provider_id": None,
        "internal_id": None,
        "source": FEED,
    }
    return Line(amount_minor=minor, description=text, **fields | more)


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


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
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


async def test_what_was_written_past_us_is_found_and_mended(database: Database) -> None:
    ledger = await Ledger.fresh(database)
    await ledger.tell(0, [said(1), said(2)])
    async with database.scope(ledger.tenant_id) as scope:
        await scope.session.execute(
            update(Transaction).where(Transaction.amount_minor == 1).values(category="meddled")
        )

    assert await rollups.check(database, ledger.tenant_id, mend=True) == 2
    assert await rollups.check(database, ledger.tenant_id, mend=False) == 0


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
