import json
from urllib.parse import parse_qs, urlsplit

from sqlalchemy import text

from payymo_api.banking.service import sweep
from tests.banking.conftest import ACCOUNTS, CONNECTIONS, REDIRECT, TRANSACTIONS, Office
from tests.conftest import Someone


async def test_a_consent_brings_accounts_lines_and_balances(office: Office) -> None:
    made = await office.begin()
    back = await office.consent(made)

    assert made["status"] == "pending"
    assert back.status_code == 303
    where = urlsplit(back.headers["location"])
    assert back.headers["location"].startswith("https://app.example.com/done?from=bank&")
    assert parse_qs(where.query)["status"] == ["active"]
    assert parse_qs(where.query)["connection_id"] == [made["id"]]

    await office.work()
    found = await office.get(f"{CONNECTIONS}/{made['id']}")
    assert (found["status"], found["error"], found["authorization_url"]) == ("active", None, None)
    assert found["days_left"] in {179, 180}
    assert {each["currency"] for each in found["accounts"]} == {"GBP", "EUR"}
    account = await office.get(f"{ACCOUNTS}/{found['accounts'][0]['id']}")
    assert {each["type"] for each in account["balances"]} == {"closingBooked", "interimAvailable"}
    assert account["calls_left"] == 3
    assert account["next_sync_at"] > account["last_synced_at"]
    assert len(await office.lines()) > 100


async def test_the_created_event_comes_once_and_when_it_is_true(office: Office) -> None:
    made = await office.begin()
    assert await office.events("bank_connection.created") == []

    await office.consent(made)

    (event,) = await office.events("bank_connection.created")
    assert json.loads(event.data or "")["id"] == made["id"]
    assert json.loads(event.data or "")["status"] == "active"


async def test_the_first_reading_is_announced_as_one_summary(office: Office) -> None:
    await office.connect()

    summaries = [
        json.loads(each.data or "") for each in await office.events("transactions.imported")
    ]
    each_line = await office.events("transaction.created")
    assert sum(each["count"] for each in summaries) == len(await office.lines()) == len(each_line)
    assert all(each.payload["each_line"] for each in each_line)
    told = json.loads(each_line[0].data or "")
    assert {"transaction_id", "amount", "currency", "description", "date"} <= told.keys()


async def test_the_state_serves_once_and_its_tenant_only(office: Office) -> None:
    made = await office.begin()
    there = await office.world.control.get(f"{made['authorization_url']}?approve=1")
    url = there.headers["location"]

    first = await office.browser.get(url)
    again = await office.browser.get(url)
    forged = await office.browser.get(f"{CONNECTIONS}/callback", params={"state": "x" * 43})
    bare = await office.browser.get(f"{CONNECTIONS}/callback")

    assert [each.status_code for each in (first, again, forged, bare)] == [303, 400, 400, 400]
    assert again.content == forged.content == bare.content
    assert made["id"] not in again.text
    assert url.partition("state=")[2].partition("&")[0] not in await _stored_text(office)


async def _stored_text(office: Office) -> str:
    async with office.database.scope(office.someone.tenant_id) as scope:
        rows = await scope.session.execute(text("SELECT v::text FROM consent_visits v"))
        return " ".join(row[0] for row in rows)


async def test_an_old_state_is_refused(office: Office) -> None:
    made = await office.begin()
    async with office.database.scope(office.someone.tenant_id) as scope:
        await scope.session.execute(text("UPDATE consent_visits SET expires_at = now()"))

    assert (await office.consent(made)).status_code == 400
    assert (await office.get(f"{CONNECTIONS}/{made['id']}"))["status"] == "pending"


async def test_who_declines_is_told_what_to_do_next(office: Office) -> None:
    made = await office.begin()
    back = await office.consent(made, "reject")

    assert "status=error" in back.headers["location"]
    found = await office.get(f"{CONNECTIONS}/{made['id']}")
    assert found["error"]["code"] == "consent_rejected"
    assert "reauthorize" in found["error"]["next_step"]


async def test_a_repeated_post_asks_the_provider_once(office: Office) -> None:
    first = await office.begin(**{"Idempotency-Key": "connect-1"})
    again = await office.begin(**{"Idempotency-Key": "connect-1"})

    assert first == again
    assert await office.world.calls("/requisitions/") == 1


async def test_a_post_whose_answer_was_lost_finds_the_consent_it_made(office: Office) -> None:
    """The provider acts, and the connection breaks before it answers: the repeat must not ask for
    a second consent, and the link of the first still leads back to us."""
    await office.world.fault(path="*/requisitions/", method="POST", drop=True)
    body = {"institution_id": office.institution, "redirect_url": REDIRECT}
    key = {"Idempotency-Key": "connect-2"}
    lost = await office.client.post(CONNECTIONS, json=body, headers=key)
    assert lost.status_code in {503, 504}

    made = await office.begin(**key)

    assert [each["id"] for each in (await office.get(CONNECTIONS))["data"]] == [made["id"]]
    assert (await office.consent(made)).status_code == 303
    assert (await office.get(f"{CONNECTIONS}/{made['id']}"))["status"] == "active"


async def test_an_unknown_bank_is_named_in_the_refusal(office: Office) -> None:
    body = {"institution_id": "NO_SUCH_BANK", "redirect_url": REDIRECT}
    answer = await office.client.post(CONNECTIONS, json=body)

    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_institution")
    assert (await office.get(CONNECTIONS))["data"] == []


async def test_consenting_anew_keeps_connection_accounts_and_lines(office: Office) -> None:
    before = await office.connect()
    lines = {each["id"] for each in await office.lines()}

    asked = await office.client.post(f"{CONNECTIONS}/{before['id']}/reauthorize", json={})
    assert asked.status_code == 202
    assert asked.json()["status"] == "active"
    assert (await office.consent(asked.json())).status_code == 303
    await office.work()

    after = await office.get(f"{CONNECTIONS}/{before['id']}")
    assert {each["id"] for each in after["accounts"]} == {each["id"] for each in before["accounts"]}
    assert {each["id"] for each in await office.lines()} == lines
    assert len(await office.events("bank_connection.created")) == 1
    assert len(await office.events("consent.revoked")) == 1


async def test_a_removed_connection_leaves_its_history(office: Office) -> None:
    made = await office.connect()
    count = len(await office.lines())

    assert (await office.client.delete(f"{CONNECTIONS}/{made['id']}")).status_code == 204
    await office.work()

    assert (await office.client.get(f"{CONNECTIONS}/{made['id']}")).status_code == 404
    assert len(await office.lines()) == count
    account = await office.get(f"{ACCOUNTS}/{made['accounts'][0]['id']}")
    assert (account["status"], account["connection_id"]) == ("no_feed", None)
    assert await office.world.calls("/requisitions/") >= 2
    holdings = (await office.world.control.get("/gocardless/bank_accounts")).json()
    assert all(each["accounts"] == [] for each in holdings)


async def test_what_has_run_out_expires_with_an_event(office: Office) -> None:
    made = await office.connect()
    async with office.database.scope(office.someone.tenant_id) as scope:
        await scope.session.execute(text("UPDATE bank_connections SET expires_at = now()"))

    await sweep.schedule_due(office.database)
    await sweep.schedule_due(office.database)

    found = await office.get(f"{CONNECTIONS}/{made['id']}")
    assert (found["status"], found["error"]["code"]) == ("expired", "consent_expired")
    assert found["next_sync_at"] is None
    assert len(await office.events("bank_connection.expired")) == 1
    assert (await office.refresh(made)).json()["code"] == "connection_not_active"


async def test_a_stranger_sees_nothing_of_it(office: Office, stranger: Someone) -> None:
    made = await office.connect()
    account = made["accounts"][0]["id"]
    line = (await office.lines())[0]["id"]

    for path in (
        f"{CONNECTIONS}/{made['id']}",
        f"{CONNECTIONS}/{made['id']}/accounts",
        f"{CONNECTIONS}/{made['id']}/sync_runs",
        f"{ACCOUNTS}/{account}",
        f"{TRANSACTIONS}/{line}",
    ):
        assert (await stranger.client.get(path)).status_code == 404, path
    for path, query in (
        (TRANSACTIONS, {"account_id": account}),
        (TRANSACTIONS, {"connection_id": made["id"]}),
        (ACCOUNTS, {"connection_id": made["id"]}),
        (CONNECTIONS, {}),
    ):
        assert (await stranger.client.get(path, params=query)).json()["data"] == []
    assert (await stranger.client.delete(f"{CONNECTIONS}/{made['id']}")).status_code == 404
    feed = (await stranger.client.get(f"{TRANSACTIONS}/sync")).json()
    assert feed["added"] == []


async def test_banks_are_listed_by_name_and_asked_for_once_a_day(office: Office) -> None:
    async with office.database.system() as session:
        await session.execute(text("DELETE FROM institution_lists"))
    first = await office.get("/api/v1/institutions", country="DE", limit=1)
    more = await office.get(
        "/api/v1/institutions", country="DE", limit=1, cursor=first["next_cursor"]
    )
    found = await office.get("/api/v1/institutions", country="DE", q="rhein")

    assert [each["name"] for each in (*first["data"], *more["data"])] == ["Kurzbank", "Rheinbank"]
    assert [each["id"] for each in found["data"]] == ["RHEINBANK_RHNBDEFF"]
    log = (await office.world.control.get("/calls")).json()
    served = [each for each in log if "/institutions/" in each["path"] and each["status"] == 200]
    assert len(served) == 1
    one = await office.get("/api/v1/institutions/RHEINBANK_RHNBDEFF")
    assert one["history_days"] == 558
    missing = await office.client.get("/api/v1/institutions/NO_SUCH_BANK")
    assert missing.status_code == 404
