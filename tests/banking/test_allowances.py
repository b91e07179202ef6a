"""The bank's few calls: counted before they are made, and spent on nothing that is known."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update
from typing_extensions import override

from payymo_api.banking.gateway import TransactionPage
from payymo_api.banking.gateway.gocardless import GoCardless
from payymo_api.banking.models import BankAccount
from payymo_api.banking.repository import AccountRepository
from payymo_api.banking.service import sweep
from payymo_api.banking.service.banks import Banks
from payymo_api.banking.service.sync import sync_account
from payymo_api.core.clock import now
from payymo_api.core.types import AccountId, RunId
from tests.banking.conftest import ALBION, CONNECTIONS, Calendar, Office

READINGS, BALANCES = "/transactions/", "/balances/"


@pytest.fixture(autouse=True)
def _one_account(office: Office) -> None:
    office.institution = "KURZBANK_KRZBATWW"


async def _scheduled(office: Office) -> None:
    await sweep.schedule_due(office.database)
    await office.work()


async def test_the_plan_leaves_the_reserve_and_a_refresh_may_spend_it(
    office: Office, calendar: Calendar
) -> None:
    made = await office.connect()
    for _ in range(20):
        calendar.advance(hours=1)
        await _scheduled(office)
    assert await office.world.calls(READINGS) == 3
    account = await office.account(made)
    assert account["calls_left"] == 1

    assert (await office.refresh(made)).status_code == 202
    assert await office.world.calls(READINGS) == 4
    refused = await office.refresh(made)
    assert refused.status_code == 429
    back = datetime.fromisoformat((await office.account(made))["calls_reset_at"])
    calendar.advance(seconds=int(refused.headers["Retry-After"]) - 30)
    assert (await office.refresh(made)).status_code == 429
    calendar.advance(seconds=60)
    assert (await office.refresh(made)).status_code == 202
    account = await office.account(made)
    assert datetime.fromisoformat(account["calls_reset_at"]) > back


async def test_a_call_whose_worker_died_is_counted(office: Office) -> None:
    made = await office.connect()

    class Dying(GoCardless):
        @override
        async def transactions(self, *_: Any) -> TransactionPage:
            raise KeyboardInterrupt

    gateway = Dying("http://127.0.0.1:9", secret_id="", secret_key="", token_store=_NO_STORE)
    await office.client.post(f"{CONNECTIONS}/{made['id']}/refresh")
    (event,) = [each for each in await office.events("account.due") if each.done_at is None]
    ids = AccountId(UUID(event.payload["account_id"])), RunId(UUID(event.payload["run_id"]))
    with pytest.raises(KeyboardInterrupt):
        await sync_account(
            office.database, Banks({"gocardless": gateway}), office.someone.tenant_id, *ids
        )
    await gateway.aclose()

    assert (await office.account(made))["calls_left"] == 2


_NO_STORE: Any = None


async def test_a_planned_reading_that_fails_keeps_calls_for_the_next_slots(
    office: Office, calendar: Calendar
) -> None:
    made = await office.connect()
    await office.world.fault(path="*/transactions/", error="ServiceError", calls=50)
    calendar.advance(hours=13)
    for _ in range(6):
        await _scheduled(office)
    # One of 4 was spent on connecting, and two are kept: the reserve and the next slot's.
    assert await office.world.calls(READINGS) == 2
    (run, _) = await office.runs(made)
    assert (run["status"], run["error"]["code"]) == ("failed", "bank_unavailable")


async def test_a_failed_reading_waits_before_it_costs_another_call(office: Office) -> None:
    made = await office.connect()
    await office.world.fault(path="*/transactions/", error="ServiceError")
    before = datetime.fromisoformat((await office.account(made))["last_synced_at"])
    await office.refresh(made)
    (event,) = [each for each in await office.events("account.due") if each.done_at is None]
    assert event.due_at >= before + timedelta(seconds=25)


@pytest.mark.parametrize(
    ("fault", "left"),
    [
        ({"status": 429, "body": {"summary": "Rate limit exceeded", "detail": "300/minute"}}, 3),
        ({"error": "PaymentRequired"}, 3),
        ({"error": "IPAccessDenied"}, 3),
        ({"error": "ServiceError"}, 2),
        ({"drop": True}, 2),
    ],
    ids=["too fast", "plan spent", "address refused", "bank down", "connection cut"],
)
async def test_what_never_reached_the_bank_costs_nothing(
    office: Office, fault: dict[str, Any], left: int
) -> None:
    made = await office.connect()
    await office.world.fault(path="*/transactions/", **fault)
    await office.refresh(made)
    assert (await office.account(made))["calls_left"] == left


async def test_balances_are_not_asked_for_while_no_line_is_new(
    office: Office, calendar: Calendar
) -> None:
    (iban,) = [
        each["iban"]
        for each in (await office.world.control.get("/gocardless/bank_accounts")).json()
        if each["institution_id"] == office.institution
    ]
    line = {"transactionAmount": {"amount": "1.00", "currency": "EUR"}, "bookingDate": "2026-11-01"}
    await office.say_lines(iban, line)
    made = await office.connect()
    await office.refresh(made)
    assert (await office.world.calls(READINGS), await office.world.calls(BALANCES)) == (2, 1)

    await office.say_lines(iban, line, line)
    await office.refresh(made)
    assert (await office.world.calls(READINGS), await office.world.calls(BALANCES)) == (3, 2)

    calendar.advance(hours=25)
    await office.refresh(made)
    assert (await office.world.calls(READINGS), await office.world.calls(BALANCES)) == (4, 3)


async def test_balances_that_the_bank_did_not_tell_are_asked_for_again(
    office: Office, calendar: Calendar
) -> None:
    """They changed with lines that are known by then: they would stand still for a day."""
    (held,) = [
        each
        for each in (await office.world.control.get("/gocardless/bank_accounts")).json()
        if each["institution_id"] == office.institution
    ]
    line = {"transactionAmount": {"amount": "1.00", "currency": "EUR"}, "bookingDate": "2026-11-01"}
    await office.say_lines(held["iban"], line)
    made = await office.connect()
    before = (await office.account(made))["balances_at"]
    await office.say_lines(held["iban"], line, line)
    await office.world.fault(path=f"*{BALANCES}", status=503, calls=1)
    await office.refresh(made)
    assert (await office.account(made))["balances_at"] == before

    calendar.advance(hours=1)
    await office.refresh(made)

    assert (await office.account(made))["balances_at"] > before


async def test_the_banks_headers_correct_the_count(office: Office) -> None:
    made = await office.connect()
    await office.world.say("PUT", "/gocardless/allowance", calls=10)
    await office.refresh(made)
    assert (await office.account(made))["calls_left"] == 8


async def test_a_partial_refresh_tells_what_it_skips_and_until_when(office: Office) -> None:
    office.institution = "ALBION_ALBNGB2L"
    made = await office.connect()
    await office.world.fault(
        path="*/transactions/",
        status=429,
        body={"summary": "Rate limit", "detail": "Daily limit", "type": "RateLimitError"},
        headers={"http_x_ratelimit_account_success_reset": "7200"},
    )
    await office.refresh(made)

    answer = await office.refresh(made)

    assert answer.status_code == 202
    (skipped,) = answer.json()["skipped"]
    (run,) = answer.json()["runs"]
    assert {skipped["account_id"], run["account_id"]} == {each["id"] for each in made["accounts"]}
    account = await office.get(f"/api/v1/bank_accounts/{skipped['account_id']}")
    assert account["calls_left"] == 0
    assert skipped["available_at"] == account["calls_reset_at"]


async def test_a_crowd_overdue_is_spread_and_one_account_is_read_at_once(
    office: Office, calendar: Calendar, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await office.connect()
    calendar.advance(days=2)
    monkeypatch.setattr(sweep, "_BATCH", 1)  # one is a crowd then
    await sweep.schedule_due(office.database)
    assert len(await office.runs(made)) == 1
    monkeypatch.undo()
    calendar.advance(hours=9)
    await sweep.schedule_due(office.database)
    assert len(await office.runs(made)) == 2


async def test_an_account_that_is_being_written_makes_no_other_wait(office: Office) -> None:
    """A large import holds its account; the accounts of all tenants fall due in one sweep."""
    office.institution = ALBION
    await office.connect()
    tenant_id = office.someone.tenant_id
    overdue = update(BankAccount).values(next_sync_at=now() - timedelta(minutes=1))
    async with office.database.scope(tenant_id) as scope:
        ids = (await scope.session.scalars(overdue.returning(BankAccount.id))).all()

    async with office.database.scope(tenant_id) as scope:
        await AccountRepository(scope).get_locked(min(ids))
        await sweep.schedule_due(office.database)

    due = [each.payload for each in await office.events("account.due") if each.done_at is None]
    assert [each["account_id"] for each in due] == [str(max(ids))]
    await sweep.schedule_due(office.database)
    assert len([each for each in await office.events("account.due") if not each.done_at]) == 2
