"""The life of a consent: its end announced, its early death named, its accounts' troubles shown."""

import asyncio
import json
from typing import Any

import pytest
from sqlalchemy import text

from payymo_api.banking import tasks
from payymo_api.banking.service import sweep
from payymo_api.core.clock import now
from tests.banking.conftest import ACCOUNTS, CONNECTIONS, Calendar, Office

KURZBANK = "KURZBANK_KRZBATWW"


@pytest.fixture(autouse=True)
def _one_account(office: Office) -> None:
    """Kurzbank has one account, and grants 90 days."""
    office.institution = KURZBANK


async def _notices(office: Office) -> list[int]:
    """The days left, as each notice told them."""
    for _ in range(2):
        await sweep.schedule_due(office.database)
    told = await office.events("bank_connection.expiring")
    return [json.loads(each.data or "")["days_left"] for each in told]


async def _find(office: Office, connection: dict[str, Any]) -> dict[str, Any]:
    return await office.get(f"{CONNECTIONS}/{connection['id']}")


async def test_the_end_is_announced_14_7_and_1_days_before_once_each(
    office: Office, calendar: Calendar
) -> None:
    await office.connect()
    assert await _notices(office) == []

    told = []
    for days in (75, 2, 6, 1, 5):
        calendar.advance(days=days)
        told.append(await _notices(office))

    assert told == [[], [12], [12, 6], [12, 6], [12, 6, 0]]


async def test_a_notice_that_was_missed_is_not_sent_beside_a_later_one(
    office: Office, calendar: Calendar
) -> None:
    await office.connect()
    calendar.advance(days=85)
    assert await _notices(office) == [4]


async def test_many_sweeps_at_once_give_one_notice(office: Office, calendar: Calendar) -> None:
    await office.connect()
    calendar.advance(days=80)
    await asyncio.gather(*(sweep.schedule_due(office.database) for _ in range(4)))
    assert len(await office.events("bank_connection.expiring")) == 1


async def test_a_new_consent_is_announced_anew(office: Office, calendar: Calendar) -> None:
    made = await office.connect()
    calendar.advance(days=84)
    assert await _notices(office) == [5]

    after = await office.reauthorize(made)
    assert after["days_left"] in {89, 90}
    assert await _notices(office) == [5]
    calendar.advance(days=77)
    assert await _notices(office) == [5, 12]


async def test_a_consent_is_announced_as_ended_on_its_date(
    office: Office, calendar: Calendar
) -> None:
    made = await office.connect()
    calendar.advance(days=91)
    await sweep.schedule_due(office.database)

    found, account = await _find(office, made), await office.account(made)
    assert (found["status"], found["error"]["code"]) == ("expired", "consent_expired")
    assert account["error"]["code"] == "consent_expired"
    assert account["next_sync_at"] is None
    assert await _notices(office) == []


DEATHS: dict[str, tuple[dict[str, Any], str]] = {
    "agreement ended at the bank": ({"error": "EUAExpiredError"}, "consent_ended_early"),
    "agreement ended, older wire": (
        {
            "status": 400,
            "body": {"summary": "EUA expired", "detail": "End User Agreement (EUA) 1 has expired"},
        },
        "consent_ended_early",
    ),
    "access revoked": (
        {"error": "AccessExpiredError", "words": {"PART": "transactions"}},
        "consent_ended_early",
    ),
    "no agreement": ({"error": "AccountValidEUAError"}, "consent_ended_early"),
    "requisition deleted": ({"error": "AccountNotFoundError"}, "account_gone"),
}


@pytest.mark.parametrize(("fault", "code"), DEATHS.values(), ids=DEATHS)
async def test_an_early_death_is_told_once_and_mended_by_a_new_consent(
    office: Office, fault: dict[str, Any], code: str
) -> None:
    made = await office.connect()
    lines = {each["id"] for each in await office.lines()}
    await office.world.fault(path="*/transactions/", **fault)
    await office.refresh(made)

    found, account = await _find(office, made), await office.account(made)
    assert (found["status"], found["error"]["code"]) == ("expired", code)
    assert "reauthorize" in found["error"]["next_step"]
    assert found["error"]["title"]
    assert account["error"] == found["error"]
    assert account["next_sync_at"] is None
    assert len(await office.events("bank_connection.expired")) == 1
    assert (await office.refresh(made)).json()["code"] == "connection_not_active"

    mended = await office.reauthorize(made)
    assert (mended["status"], mended["error"]) == ("active", None)
    assert [each["id"] for each in mended["accounts"]] == [each["id"] for each in made["accounts"]]
    assert (await office.account(made))["error"] is None
    assert {each["id"] for each in await office.lines()} == lines


async def test_a_requisition_deleted_at_the_provider_ends_the_connection(office: Office) -> None:
    """Not by a fault: the sandbox itself forgets the consent."""
    made = await office.connect()
    async with office.database.scope(office.someone.tenant_id) as scope:
        ref = await scope.session.scalar(text("SELECT consent_ref FROM bank_connections"))
    await office.banks.of("gocardless").revoke(str(ref))
    await office.refresh(made)

    found = await _find(office, made)
    assert (found["status"], found["error"]["code"]) == ("expired", "account_gone")


STOPS: dict[str, tuple[dict[str, Any], str, str]] = {
    "suspended": ({"error": "AccountSuspendedError"}, "account_suspended", "suspended"),
    "closed": ({"error": "AccountInactiveError"}, "account_inactive", "closed"),
    "forbidden": ({"error": "AccountAccessForbidden"}, "account_forbidden", "error"),
    "not consented to": (
        {"error": "AccountEUAScopeError", "words": {"PART": "transactions"}},
        "consent_too_narrow",
        "error",
    ),
}


@pytest.mark.parametrize(("fault", "code", "status"), STOPS.values(), ids=STOPS)
async def test_an_account_that_only_its_holder_can_mend_stops_alone(
    office: Office, fault: dict[str, Any], code: str, status: str
) -> None:
    """Albion has two accounts: the other one goes on."""
    office.institution = "ALBION_ALBNGB2L"
    made = await office.connect()
    await office.world.fault(path="*/transactions/", **fault)
    await office.refresh(made)

    found = await _find(office, made)
    accounts = [await office.get(f"{ACCOUNTS}/{each['id']}") for each in found["accounts"]]
    (troubled,) = [each for each in accounts if each["error"]]
    (well,) = [each for each in accounts if not each["error"]]
    assert (troubled["status"], troubled["error"]["code"]) == (status, code)
    assert (found["status"], found["error"]) == ("active", troubled["error"])
    assert (well["status"], well["next_sync_at"] is None) == ("active", False)
    assert (troubled["next_sync_at"] is None) == (status != "suspended")
    assert len(await office.events("bank_connection.updated")) == 1


async def test_a_suspended_account_is_tried_once_a_day_and_recovers(
    office: Office, calendar: Calendar
) -> None:
    made = await office.connect()
    await office.world.fault(path="*/transactions/", error="AccountSuspendedError", calls=2)
    await office.refresh(made)
    calls = await office.world.calls("/transactions/")
    found = await _find(office, made)
    assert (found["status"], found["error"]["code"]) == ("error", "account_suspended")

    for hours, more in ((23, 0), (12, 1), (35, 2)):
        calendar.advance(hours=hours)
        await sweep.schedule_due(office.database)
        await office.work()
        assert await office.world.calls("/transactions/") == calls + more

    found = await _find(office, made)
    assert (found["status"], found["error"]) == ("active", None)
    assert (await office.account(made))["status"] == "active"
    assert len(await office.events("bank_connection.updated")) == 2


async def test_a_bank_that_is_down_is_shown_on_both_and_announced_when_back(
    office: Office,
) -> None:
    made = await office.connect()
    await office.world.fault(path="*/transactions/", error="ServiceError")
    await office.refresh(made)

    found, account = await _find(office, made), await office.account(made)
    assert found["status"] == account["status"] == "active"
    assert found["error"] == account["error"]
    assert found["error"]["code"] == "bank_unavailable"

    await office.work()
    assert (await _find(office, made))["error"] is None
    assert (await office.account(made))["error"] is None
    news = [json.loads(each.data or "") for each in await office.events("bank_connection.updated")]
    assert [each["error"] and each["error"]["code"] for each in news] == ["bank_unavailable", None]


async def test_what_a_failed_completion_has_read_is_not_asked_for_again(office: Office) -> None:
    office.institution = "ALBION_ALBNGB2L"
    made = await office.begin()
    there = await office.world.control.get(f"{made['authorization_url']}?approve=1")
    held = (await office.world.control.get("/gocardless/bank_accounts")).json()
    second = [each["accounts"][0] for each in held if each["accounts"]][1]
    await office.world.fault(path=f"*/accounts/{second}/details/", error="ServiceError")
    await office.browser.get(there.headers["location"])
    assert (await _find(office, made))["status"] == "pending"

    (event,) = await office.events("consent.returned")
    await tasks.complete_consent(
        office.database, office.banks, office.someone.tenant_id, event.payload
    )

    found = await _find(office, made)
    assert (found["status"], len(found["accounts"])) == ("active", 2)
    assert await office.world.calls("/details/") == 3


async def test_an_account_without_iban_is_known_again_by_its_other_number(office: Office) -> None:
    made = await office.connect()
    account = await office.account(made)
    async with office.database.scope(office.someone.tenant_id) as scope:
        await scope.session.execute(text("UPDATE bank_accounts SET iban = NULL"))

    after = await office.reauthorize(made)

    assert [each["id"] for each in after["accounts"]] == [account["id"]]
    assert (await office.account(made))["iban"] == account["iban"]
    assert account["created_at"] < now().isoformat()
