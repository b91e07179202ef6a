"""The way back from the bank: what becomes of a consent, however the provider answers."""

import pytest

from payymo_api.banking import tasks
from payymo_api.core.clock import now
from payymo_api.core.errors import ProviderUnavailable
from tests.banking.conftest import CONNECTIONS, Calendar, Office


async def test_a_provider_that_fails_at_the_return_is_asked_again_by_a_job(office: Office) -> None:
    made = await office.begin()
    there = await office.world.control.get(f"{made['authorization_url']}?approve=1")
    await office.world.fault(path="*/requisitions/*", status=500)
    back = await office.browser.get(there.headers["location"])
    assert "status=pending" in back.headers["location"]

    (event,) = await office.events("consent.returned")
    assert event.due_at > now()
    await _complete(office, event.payload)

    assert (await office.get(f"{CONNECTIONS}/{made['id']}"))["status"] == "active"
    calls = await office.world.calls("/details/")
    await _complete(office, event.payload)
    assert await office.world.calls("/details/") == calls


async def _complete(office: Office, payload: dict[str, object]) -> None:
    await tasks.complete_consent(office.database, office.banks, office.someone.tenant_id, payload)


async def test_an_account_that_the_bank_shuts_keeps_out_none_of_the_others(office: Office) -> None:
    made = await office.begin()
    await office.world.fault(path="*/details/", error="AccountInactiveError", calls=1)
    await office.consent(made)
    await office.work()

    found = await office.get(f"{CONNECTIONS}/{made['id']}")
    assert (found["status"], len(found["accounts"])) == ("active", 1)
    assert await office.lines() != []


async def test_a_consent_of_which_no_account_can_be_read_says_why(office: Office) -> None:
    made = await office.begin()
    await office.world.fault(path="*/details/", error="AccountAccessForbidden", calls=2)
    back = await office.consent(made)

    assert "status=error" in back.headers["location"]
    found = await office.get(f"{CONNECTIONS}/{made['id']}")
    assert found["error"]["code"] == "account_forbidden"


async def test_a_provider_that_never_answers_is_asked_no_longer_than_the_trip_may_take(
    office: Office, calendar: Calendar
) -> None:
    made = await office.begin()
    await office.world.fault(path="*/requisitions/*", status=500, calls=3)
    await office.consent(made)
    (event,) = await office.events("consent.returned")
    with pytest.raises(ProviderUnavailable):
        await _complete(office, event.payload)

    calendar.advance(hours=25)
    await _complete(office, event.payload)

    found = await office.get(f"{CONNECTIONS}/{made['id']}")
    assert (found["status"], found["error"]["code"]) == ("error", "provider_unavailable")


async def test_a_consent_that_the_provider_no_longer_knows_is_refused_at_once(
    office: Office,
) -> None:
    made = await office.begin()
    there = await office.world.control.get(f"{made['authorization_url']}?approve=1")
    await office.world.fault(path="*/requisitions/*", status=404, body={"summary": "Not found."})
    await office.browser.get(there.headers["location"])

    found = await office.get(f"{CONNECTIONS}/{made['id']}")
    assert (found["status"], found["error"]["code"]) == ("error", "consent_expired")


async def test_a_consent_makes_its_connection_active_once(office: Office) -> None:
    """The job that stands in for the callback finds an account suspended since: so it stays."""
    office.institution = "KURZBANK_KRZBATWW"
    made = await office.begin()
    await office.consent(made)
    await office.world.fault(path="*/transactions/", error="AccountSuspendedError")
    await office.work()
    told = len(await office.events("bank_connection.updated"))
    (event,) = await office.events("consent.returned")

    await _complete(office, event.payload)

    found = await office.get(f"{CONNECTIONS}/{made['id']}")
    assert (found["status"], found["error"]["code"]) == ("error", "account_suspended")
    assert len(await office.events("bank_connection.updated")) == told


async def test_a_removed_connection_leaves_no_consent_that_was_asked_for_anew(
    office: Office,
) -> None:
    """The account holder is at the bank when it is removed, and consents."""
    made = await office.connect()
    path = f"{CONNECTIONS}/{made['id']}"
    asked = (await office.client.post(f"{path}/reauthorize", json={})).json()
    assert (await office.client.delete(path)).status_code == 204
    await office.world.control.get(f"{asked['authorization_url']}?approve=1")

    await office.work()

    held = (await office.world.control.get("/gocardless/bank_accounts")).json()
    assert all(each["accounts"] == [] for each in held)
