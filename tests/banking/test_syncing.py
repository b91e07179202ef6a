import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text, update

from payymo_api.banking import tasks
from payymo_api.banking.models import BankAccount, SyncRun, Transaction
from payymo_api.banking.service import sweep
from payymo_api.core.clock import now
from payymo_api.core.settings import Settings
from payymo_api.core.types import TenantId
from payymo_api.messaging.work import perform
from tests.banking.conftest import ACCOUNTS, CONNECTIONS, Office
from tests.conftest import Someone
from tests.messaging.conftest import present

KURZBANK = "KURZBANK_KRZBATWW"


@pytest.fixture
async def iban(office: Office) -> str:
    """Kurzbank has one account."""
    office.institution = KURZBANK
    held = (await office.world.control.get("/gocardless/bank_accounts")).json()
    return next(each["iban"] for each in held if each["institution_id"] == KURZBANK)  # type: ignore[no-any-return]  # JSON


def line(amount: str, days_ago: int, words: str = "", **more: Any) -> dict[str, Any]:  # noqa: ANN401  JSON
    day = (now() - timedelta(days=days_ago)).date().isoformat()
    return {
        "transactionAmount": {"amount": amount, "currency": "EUR"},
        "bookingDate": day,
        "valueDate": day,
        "remittanceInformationUnstructured": words,
    } | more


async def test_a_second_reading_of_the_same_writes_no_line(office: Office) -> None:
    made = await office.connect()
    before = await _versions(office)

    assert (await office.refresh(made)).status_code == 202

    assert await _versions(office) == before
    newest = (await office.runs(made))[0]
    assert (newest["status"], newest["added"], newest["modified"]) == ("succeeded", 0, 0)
    assert newest["unchanged"] > 0


async def _versions(office: Office) -> list[Any]:
    async with office.database.scope(office.someone.tenant_id) as scope:
        rows = await scope.session.execute(
            text("SELECT id, xmin, xmax FROM transactions ORDER BY id")
        )
        return [tuple(row) for row in rows]


async def test_added_changed_and_vanished_lines_are_told_by_events_and_feed(
    office: Office, iban: str
) -> None:
    stays = line("-10.00", 9, "stays")
    await office.say_lines(iban, stays, line("-5.00", 5, "goes"), line("7.00", 4, "INV 1"))
    made = await office.connect()
    feed = await office.get("/api/v1/transactions/sync")
    told = {name: len(await office.events(f"transaction.{name}")) for name in _NAMES}

    await office.say_lines(
        iban, stays, line("7.00", 4, "INV 1", debtorName="A. Payer"), line("1.00", 2, "new")
    )
    await office.refresh(made)

    news = {name: len(await office.events(f"transaction.{name}")) - told[name] for name in _NAMES}
    assert news == {"created": 1, "updated": 1, "removed": 1}
    assert not (await office.events("transaction.created"))[-1].payload["each_line"]
    changes = await office.get("/api/v1/transactions/sync", cursor=feed["next_cursor"])
    assert [each["description"] for each in changes["added"]] == ["new"]
    assert [each["counterparty"]["name"] for each in changes["modified"]] == ["A. Payer"]
    assert len(changes["removed"]) == 1
    assert [each["description"] for each in await office.lines()] == ["new", "INV 1", "stays"]


_NAMES = ("created", "updated", "removed")


async def test_twins_of_a_day_are_two_and_stay_two(office: Office, iban: str) -> None:
    await office.say_lines(iban, *[line("-2.50", 3, "COFFEE")] * 2, line("-1.00", 1))
    made = await office.connect()
    await office.refresh(made)

    assert [each["amount_minor"] for each in await office.lines()] == [-100, -250, -250]


async def test_a_pending_line_is_booked_as_itself(office: Office, iban: str) -> None:
    pending = line("-10.00", 2, "SUPERMARKET", transactionId="00DEBIT202603090000000000-1000")
    await office.say_lines(iban, line("1.00", 8), pending=[pending])
    made = await office.connect()
    (before,) = await office.lines(status="pending")

    await office.say_lines(
        iban, line("1.00", 8), line("-10.00", 1, "CARD SUPERMARKET", transactionId="a8")
    )
    await office.refresh(made)

    after = await office.get(f"/api/v1/transactions/{before['id']}", include="raw")
    assert (after["status"], after["raw"]["transactionId"]) == ("booked", "a8")
    assert len(await office.lines()) == 2


async def test_a_matched_line_that_vanishes_is_reported_to_matching(
    office: Office, iban: str
) -> None:
    await office.say_lines(iban, line("1.00", 9), line("5.00", 5, "goes"), line("2.00", 3))
    made = await office.connect()
    async with office.database.scope(office.someone.tenant_id) as scope:
        await scope.session.execute(
            update(Transaction)
            .where(Transaction.description == "goes")
            .values(settled_minor=500, match_state="matched")
        )

    await office.say_lines(iban, line("1.00", 9), line("2.00", 3))
    await office.refresh(made)

    assert len(await office.events("line.removed")) == 1
    assert len(await office.lines()) == 2


async def test_unreadable_lines_are_counted_and_prove_nothing_gone(
    office: Office, iban: str
) -> None:
    kept = line("3.00", 5, "will be garbled")
    await office.say_lines(iban, line("1.00", 9), kept, line("2.00", 3))
    made = await office.connect()

    garbled = kept | {"transactionAmount": {"amount": "a lot", "currency": "EUR"}}
    await office.say_lines(iban, line("1.00", 9), garbled, line("2.00", 3))
    await office.refresh(made)

    (run, _) = await office.runs(made)
    assert [each["code"] for each in run["warnings"]] == ["unreadable_line"]
    assert len(await office.lines()) == 3


async def test_a_bank_that_is_down_is_shown_and_tried_again(office: Office, iban: str) -> None:
    made = await office.connect()
    await office.world.fault(path="*/transactions/", status=503, body={"detail": "down"})
    await office.refresh(made)

    found = await office.get(f"{CONNECTIONS}/{made['id']}")
    (run, _) = await office.runs(made)
    (event,) = [each for each in await office.events("account.due") if each.done_at is None]
    assert (found["status"], run["status"]) == ("active", "queued")
    assert found["error"]["code"] == run["error"]["code"] == "provider_unavailable"
    assert event.due_at > now()

    await office.work()

    assert (await office.get(f"{CONNECTIONS}/{made['id']}"))["error"] is None
    assert (await office.runs(made))[0]["status"] == "succeeded"


@pytest.mark.parametrize(
    "fault",
    [
        {"drop": True},
        {"status": 502, "html": "<h1>Bad gateway</h1>"},
        {"status": 200, "html": "<h1>Maintenance</h1>"},
    ],
    ids=["connection cut", "HTML for an error", "HTML for an answer"],
)
async def test_a_broken_answer_changes_nothing_and_is_asked_for_again(
    office: Office, iban: str, fault: dict[str, Any]
) -> None:
    made = await office.connect()
    before = await office.lines()
    await office.world.fault(path="*/transactions/", **fault)

    await office.refresh(made)
    assert await office.lines() == before
    await office.work()

    assert (await office.runs(made))[0]["status"] == "succeeded"
    assert await office.lines() == before


async def test_a_spent_allowance_ends_in_a_429_that_says_when(office: Office, iban: str) -> None:
    made = await office.connect()
    for _ in range(3):
        assert (await office.refresh(made)).status_code == 202
    calls = await office.world.calls("/transactions/")

    refused = await office.refresh(made)

    assert (refused.status_code, refused.json()["code"]) == (429, "bank_allowance_spent")
    assert 0 < int(refused.headers["Retry-After"]) <= 24 * 3600 + 60
    account = await office.get(f"{ACCOUNTS}/{made['accounts'][0]['id']}")
    assert account["calls_left"] == 0
    assert account["next_sync_at"] >= account["calls_reset_at"]
    assert await office.world.calls("/transactions/") == calls == 4


async def test_the_banks_own_no_makes_the_account_rest(office: Office, iban: str) -> None:
    """Our count may be wrong: another system may use the same consent."""
    made = await office.connect()
    await office.world.say("PUT", "/gocardless/allowance", calls=1)
    await office.refresh(made)

    (run, _) = await office.runs(made)
    assert (run["status"], run["error"]["code"]) == ("failed", "bank_allowance_spent")
    found = await office.get(f"{CONNECTIONS}/{made['id']}")
    assert (found["status"], found["error"]) == ("active", None)
    assert [each for each in await office.events("account.due") if each.done_at is None] == []


async def test_balances_without_calls_left_do_not_spoil_the_lines(
    office: Office, iban: str
) -> None:
    made = await office.connect()
    await office.world.fault(path="*/balances/", status=500)
    await office.refresh(made)

    account = await office.get(f"{ACCOUNTS}/{made['accounts'][0]['id']}")
    assert (await office.runs(made))[0]["status"] == "succeeded"
    assert account["balances_at"] < account["last_synced_at"]


async def test_a_due_account_is_queued_once(office: Office, iban: str) -> None:
    made = await office.connect()
    tenant_id = office.someone.tenant_id
    async with office.database.scope(tenant_id) as scope:
        await scope.session.execute(update(BankAccount).values(next_sync_at=now()))

    await asyncio.gather(*(sweep.schedule_due(office.database) for _ in range(4)))
    await office.work()

    assert [each["trigger"] for each in await office.runs(made)] == ["schedule", "connected"]
    assert await office.world.calls("/transactions/") == 2


async def test_one_worker_at_a_time_reads_an_account(
    settings: Settings, office: Office, iban: str
) -> None:
    made = await office.connect()
    await office.client.post(f"{CONNECTIONS}/{made['id']}/refresh")
    (event,) = [each for each in await office.events("account.due") if each.done_at is None]
    tenant_id = office.someone.tenant_id

    async def read(tenant_id: TenantId, payload: dict[str, Any]) -> None:
        await tasks.sync_account(office.database, office.banks, tenant_id, payload)

    async with present(settings) as worker:
        await asyncio.gather(
            *(perform(office.database, read, tenant_id, event.id, worker) for _ in range(5))
        )

    assert await office.world.calls("/transactions/") == 2


async def test_a_run_whose_worker_died_is_taken_over(office: Office, iban: str) -> None:
    made = await office.connect()
    await office.client.post(f"{CONNECTIONS}/{made['id']}/refresh")
    async with office.database.scope(office.someone.tenant_id) as scope:
        await scope.session.execute(
            update(SyncRun)
            .where(SyncRun.status == "queued")
            .values(status="running", started_at=now())
        )

    await office.work()

    assert (await office.runs(made))[0]["status"] == "succeeded"


async def test_a_refresh_joins_the_run_that_is_open(office: Office, iban: str) -> None:
    made = await office.connect()
    refresh = f"{CONNECTIONS}/{made['id']}/refresh"
    first, again = await office.client.post(refresh), await office.client.post(refresh)

    assert first.json()["runs"][0]["id"] == again.json()["runs"][0]["id"]


async def test_two_tenants_with_the_same_bank_have_lines_of_their_own(
    office: Office, stranger: Someone, iban: str
) -> None:
    other = Office(stranger, office.world, office.banks, office.database, office.browser, KURZBANK)
    await office.connect()
    await other.connect()

    mine, theirs = await office.lines(), await other.lines()
    assert [each["amount_minor"] for each in mine] == [each["amount_minor"] for each in theirs]
    assert {each["id"] for each in mine}.isdisjoint(each["id"] for each in theirs)
