"""Transfers between own accounts: found when the second line comes, and no payment of anything."""

import asyncio
import json
from dataclasses import dataclass
from datetime import date
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from payymo_api.banking import tasks as banking
from payymo_api.banking.models import BankAccount, Transaction
from payymo_api.banking.repository import AccountRepository, rollups
from payymo_api.banking.rules.line import FEED, Line
from payymo_api.banking.rules.merge import Window
from payymo_api.banking.service.merging import Telling, keep
from payymo_api.core.db import Database
from payymo_api.core.types import AccountId, TenantId
from payymo_api.messaging.models import OutboxEvent
from payymo_api.reconciliation import tasks
from payymo_api.reconciliation.service import examining
from tests.banking.conftest import TRANSACTIONS
from tests.banking.statements.samples import camt
from tests.banking.test_category_rules import spent
from tests.banking.test_importing import make_account, put
from tests.conftest import Someone
from tests.invoicing.factories import make_invoice
from tests.reconciliation.factories import match, part

CURRENT, SAVINGS = "GB33BUKB20201555555555", "DE89370400440532013000"


@dataclass
class Firm:
    """A tenant with two accounts, and the worker's jobs."""

    client: httpx.AsyncClient
    tenant_id: TenantId
    database: Database

    async def tell(self, iban: str, *entries: str) -> None:
        account = f"<Id><IBAN>{iban}</IBAN></Id><Ccy>GBP</Ccy>"
        answer = await put(self.client, camt(*entries, account=account))
        assert answer.status_code == 200, answer.text

    async def work(self) -> None:
        await tasks.match_open_lines(self.database, self.tenant_id, {})

    async def lines(self) -> dict[str, dict[str, Any]]:
        listed = (await self.client.get(TRANSACTIONS, params={"limit": 200})).json()["data"]
        return {each["description"]: each for each in listed}

    async def events(self, name: str) -> list[OutboxEvent]:
        statement = select(OutboxEvent).where(
            OutboxEvent.tenant_id == self.tenant_id, OutboxEvent.name == name
        )
        async with self.database.scope(self.tenant_id) as scope:
            return list(await scope.session.scalars(statement.order_by(OutboxEvent.id)))

    async def review(self) -> None:
        """Do the jobs that a change or removal of a paired line causes; each runs twice."""
        for event in await self.events("transfer.doubted"):
            for _ in range(2):
                await banking.review_transfer(self.database, self.tenant_id, event.payload)

    async def sums_are_exact(self) -> bool:
        async with self.database.scope(self.tenant_id) as scope:
            return await rollups.differences(scope) == 0


@pytest.fixture
async def firm(someone: Someone, database: Database) -> Firm:
    await make_account(someone.client, CURRENT)
    await make_account(someone.client, SAVINGS)
    return Firm(someone.client, someone.tenant_id, database)


def out(text: str = "out", day: str = "2026-10-01", minor: str = "500.00") -> str:
    return spent(text, "Acme Ltd", minor, day=day, iban=SAVINGS)


def into(text: str = "into", day: str = "2026-10-02", minor: str = "500.00") -> str:
    return spent(text, "Acme Ltd", minor, day=day, iban=CURRENT, direction="CRDT")


async def transfer(firm: Firm) -> tuple[dict[str, Any], dict[str, Any]]:
    await firm.tell(CURRENT, out())
    await firm.work()
    await firm.tell(SAVINGS, into())
    await firm.work()
    lines = await firm.lines()
    return lines["out"], lines["into"]


@pytest.mark.parametrize("first", [CURRENT, SAVINGS])
async def test_the_second_line_finds_the_first(firm: Firm, first: str) -> None:
    told = {CURRENT: out(), SAVINGS: into()}
    for iban in sorted(told, key=lambda iban: iban != first):
        assert [each["transfer_of"] for each in (await firm.lines()).values()] in ([], [None])
        await firm.tell(iban, told[iban])
        await firm.work()

    lines = await firm.lines()
    assert lines["out"]["transfer_of"] == lines["into"]["id"]
    assert lines["into"]["transfer_of"] == lines["out"]["id"]
    for each in lines.values():
        assert (each["category"], each["category_source"]) == ("transfer.internal", "transfer")
        assert each["match_state"] == "ignored"
    news = [json.loads(each.data or "") for each in await firm.events("transaction.updated")]
    assert {each["transfer_of"] for each in news} == {each["id"] for each in lines.values()}
    assert await firm.sums_are_exact()


async def test_a_transfer_pays_no_invoice(firm: Firm) -> None:
    await make_invoice(firm.client, number="INV-1", amount="500.00")
    await firm.tell(CURRENT, out())
    await firm.tell(SAVINGS, into("INV-1"))

    await firm.work()

    assert (await firm.lines())["INV-1"]["match_state"] == "ignored"
    assert (await firm.client.get("/api/v1/reconciliation/matches")).json()["data"] == []


async def test_a_users_other_word_undoes_it_and_the_money_is_matched(firm: Firm) -> None:
    paid, received = await transfer(firm)
    invoice = await make_invoice(firm.client, number="INV-77", amount="500.00")

    answer = await firm.client.put(
        f"{TRANSACTIONS}/{received['id']}", json={"category": "income.sales"}
    )
    await firm.work()

    assert (answer.json()["transfer_of"], answer.json()["match_state"]) == (None, "unmatched")
    lines = await firm.lines()
    assert lines["into"]["category"] == "income.sales"
    assert (lines["out"]["transfer_of"], lines["out"]["category"]) == (None, None)
    assert await firm.sums_are_exact()
    done = await match(firm.client, part(received["id"], invoice["id"], 50000))
    assert done.status_code == 201, done.text
    assert paid["transfer_of"] == received["id"]


async def test_a_batch_undoes_it_as_well(firm: Firm) -> None:
    paid, received = await transfer(firm)
    rows = [{"id": each["id"], "category": "other"} for each in (received, paid)]

    await firm.client.post(f"{TRANSACTIONS}/batch", json={"rows": rows})

    lines = (await firm.lines()).values()
    assert {(each["transfer_of"], each["category"]) for each in lines} == {(None, "other")}


async def test_a_match_by_hand_goes_before_it_and_undone_leaves_it_aside(firm: Firm) -> None:
    _, received = await transfer(firm)
    invoice = await make_invoice(firm.client, number="INV-77", amount="500.00")

    done = await match(firm.client, part(received["id"], invoice["id"], 50000))
    assert (await firm.lines())["into"]["match_state"] == "matched"
    await firm.client.delete(f"/api/v1/reconciliation/match/{done.json()['id']}")

    assert (await firm.lines())["into"]["match_state"] == "ignored"


async def test_memory_and_rules_name_it_and_it_stays_a_transfer(firm: Firm) -> None:
    rule = {"category": "savings.monthly", "text": "into"}
    assert (await firm.client.post("/api/v1/category_rules", json=rule)).status_code == 201

    _, received = await transfer(firm)

    assert (received["category"], received["category_source"]) == ("savings.monthly", "rule")
    assert received["transfer_of"]
    assert received["match_state"] == "ignored"


async def retell(firm: Firm, iban: str, *lines: Line) -> None:
    """The account's feed tells its lines again, and takes back what it leaves out."""
    async with firm.database.scope(firm.tenant_id) as scope:
        statement = select(BankAccount.id).where(
            BankAccount.tenant_id == firm.tenant_id, BankAccount.iban == iban
        )
        id = AccountId((await scope.session.scalars(statement)).one())
        account = await AccountRepository(scope).get_locked(id)
        days = [line.booked_on for line in lines]
        first, last = min(days), max(days)
        window = Window(first, last)
        await keep(scope, account, Telling(lines, first, last, window, in_bulk=False))


async def test_a_removed_line_frees_the_other(firm: Firm) -> None:
    def told(text: str, minor: int, day: int, iban: str | None = None) -> Line:
        return Line(
            booked=True,
            amount_minor=minor,
            currency="GBP",
            booked_on=date(2026, 10, day),
            value_on=None,
            booked_at=None,
            description=text,
            reference=None,
            end_to_end_id=None,
            counterparty_name=None,
            counterparty_iban=iban,
            provider_id=None,
            internal_id=None,
            source=FEED,
        )

    around = told("before", -7, 1), told("after", -9, 9)
    await retell(firm, CURRENT, *around, told("out", -50000, 4, SAVINGS))
    await firm.tell(SAVINGS, into(day="2026-10-04"))
    await firm.work()
    assert (await firm.lines())["into"]["transfer_of"]

    await retell(firm, CURRENT, *around)
    await firm.review()

    freed = (await firm.lines())["into"]
    assert (freed["transfer_of"], freed["category"]) == (None, None)
    assert freed["match_state"] == "unmatched"
    assert await firm.sums_are_exact()

    await retell(firm, CURRENT, *around, told("again", -50000, 4, SAVINGS))
    await firm.work()
    assert (await firm.lines())["into"]["transfer_of"] == (await firm.lines())["again"]["id"]


async def test_many_at_once_pair_every_line_once(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examining, "BATCH", 7)
    minors = [f"{100 + number}.00" for number in range(40)]
    await firm.tell(CURRENT, *(out(f"out {minor}", minor=minor) for minor in minors))
    await firm.tell(SAVINGS, *(into(f"into {minor}", minor=minor) for minor in minors))

    await asyncio.gather(*(firm.work() for _ in range(4)))

    async with firm.database.scope(firm.tenant_id) as scope:
        rows = (
            await scope.session.scalars(
                select(Transaction).where(Transaction.tenant_id == firm.tenant_id)
            )
        ).all()
    by_id = {row.id: row for row in rows}
    assert len(rows) == 80
    for row in rows:
        assert row.transfer_of
        other = by_id[row.transfer_of]
        assert other.transfer_of == row.id
        assert other.amount_minor == -row.amount_minor
    assert await firm.sums_are_exact()


async def test_another_tenants_account_is_nobodys_own(
    firm: Firm, stranger: Someone, database: Database
) -> None:
    await make_account(stranger.client, SAVINGS)
    theirs = Firm(stranger.client, stranger.tenant_id, database)
    await theirs.tell(SAVINGS, into())
    await firm.tell(CURRENT, out())

    await firm.work()
    await theirs.work()

    for each in (firm, theirs):
        assert [line["transfer_of"] for line in (await each.lines()).values()] == [None]


async def test_a_crowd_is_left_alone(firm: Firm) -> None:
    crowd = [into(f"into {number}", day="2026-10-05") for number in range(60)]
    await firm.tell(SAVINGS, into("near", day="2026-10-01"), *crowd)
    await firm.tell(CURRENT, out())
    await firm.work()

    assert {each["transfer_of"] for each in (await firm.lines()).values()} == {None}
