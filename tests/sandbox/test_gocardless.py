"""The sandbox's bank: time, allowance, lines, and what the tester does to them."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest
from schwifty import IBAN

from payymo_api.sandbox.app import SECRET_ID, SECRET_KEY
from payymo_api.sandbox.gocardless.institutions import holdings
from payymo_api.sandbox.gocardless.quirks import QUIRKS
from payymo_api.sandbox.gocardless.statement import _PAYERS, bring_forward

ALBION = "ALBION_ALBNGB2L"
RHEIN = "RHEINBANK_RHNBDEFF"


@pytest.fixture
async def api(control: httpx.AsyncClient, sandbox_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """The provider's API with a token."""
    async with httpx.AsyncClient(base_url=f"{sandbox_url}/api/v2") as api:
        secret = {"secret_id": SECRET_ID, "secret_key": SECRET_KEY}
        token = (await api.post("/token/new/", json=secret)).json()["access"]
        api.headers["Authorization"] = f"Bearer {token}"
        yield api


async def link(api: httpx.AsyncClient, institution: str = RHEIN, **terms: object) -> dict[str, Any]:
    """Consent by the user: agreement, requisition, approval."""
    agreement = await api.post(
        "/agreements/enduser/", json={"institution_id": institution, **terms}
    )
    asked = {
        "redirect": "https://x.example/",
        "institution_id": institution,
        "agreement": agreement.json()["id"],
    }
    requisition = (await api.post("/requisitions/", json=asked)).json()
    await api.post(requisition["link"], data={"approve": "1"})
    return dict((await api.get(f"/requisitions/{requisition['id']}/")).json())


async def booked(api: httpx.AsyncClient, account: str, **window: str) -> list[dict[str, Any]]:
    told = await api.get(f"/accounts/{account}/transactions/", params=window)
    return list(told.raise_for_status().json()["transactions"]["booked"])


async def test_the_same_seed_tells_the_same_lines(
    api: httpx.AsyncClient, control: httpx.AsyncClient
) -> None:
    first = await booked(api, (await link(api))["accounts"][0])
    again = await booked(api, (await link(api))["accounts"][0])
    other_bank = await booked(api, (await link(api, ALBION))["accounts"][0])
    assert first == again
    assert first != other_bank


def test_another_seed_tells_other_lines_and_a_restart_the_same() -> None:
    told = []
    for seed in ("one", "one", "two"):
        holding = next(iter(holdings().values()))
        bring_forward(holding, seed, date(2026, 3, 2))
        told.append([line.wire for line in holding.lines.values()])
    assert told[0] == told[1] != told[2]
    assert len({line["bookingDate"] for line in told[0]}) == 90


def test_every_iban_in_the_sandbox_is_real_in_form() -> None:
    masked = QUIRKS["MASKED_PAN_AS_IBAN"]["number"]
    for iban in [*(holdings().keys() - {masked}), *(payer[1] for payer in _PAYERS)]:
        assert IBAN(iban, allow_invalid=False).is_valid


async def test_history_goes_back_no_further_than_agreed(api: httpx.AsyncClient) -> None:
    requisition = await link(api, max_historical_days=7)
    days = {line["bookingDate"] for line in await booked(api, requisition["accounts"][0])}
    assert len(days) == 7


async def test_each_part_has_its_own_allowance(
    api: httpx.AsyncClient, control: httpx.AsyncClient
) -> None:
    await control.put("/gocardless/allowance", json={"calls": 2})
    account = (await link(api))["accounts"][0]
    answers = [await api.get(f"/accounts/{account}/balances/") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].headers["http_x_ratelimit_account_success_remaining"] == "0"
    assert int(answers[2].headers["http_x_ratelimit_account_success_reset"]) > 86_000
    assert "2/day" in answers[2].json()["detail"]
    assert (await api.get(f"/accounts/{account}/details/")).is_success
    assert (await api.get(f"/accounts/{account}/")).is_success


@pytest.mark.parametrize(
    ("status", "answer", "word"),
    [
        ("EX", 401, "has expired"),
        ("SU", 409, "suspended"),
        ("ER", 409, None),
    ],
)
async def test_a_requisitions_end_reaches_its_accounts(
    api: httpx.AsyncClient, control: httpx.AsyncClient, status: str, answer: int, word: str | None
) -> None:
    requisition = await link(api)
    await control.put(f"/gocardless/requisitions/{requisition['id']}", json={"status": status})
    told = await api.get(f"/accounts/{requisition['accounts'][0]}/balances/")
    assert told.status_code == answer
    assert (word or '"status":"ERROR"') in told.text


async def test_one_account_alone_is_suspended(
    api: httpx.AsyncClient, control: httpx.AsyncClient
) -> None:
    pounds, euros = (await link(api, ALBION))["accounts"]
    await control.put(f"/gocardless/accounts/{pounds}", json={"status": "SUSPENDED"})
    assert (await api.get(f"/accounts/{pounds}/balances/")).status_code == 409
    assert (await api.get(f"/accounts/{euros}/balances/")).status_code == 200


async def test_a_consent_covers_only_the_scope_agreed(api: httpx.AsyncClient) -> None:
    account = (await link(api, access_scope=["balances"]))["accounts"][0]
    assert (await api.get(f"/accounts/{account}/balances/")).is_success
    assert "access scope" in (await api.get(f"/accounts/{account}/transactions/")).text


async def test_tokens_and_consents_end_with_the_sandboxs_time(
    api: httpx.AsyncClient, control: httpx.AsyncClient
) -> None:
    requisition = await link(api, access_valid_for_days=30)
    await control.put("/clock", json={"advance_seconds": 31 * 86_400})
    assert (await api.get("/requisitions/")).json()["summary"] == "Invalid token"
    secret = {"secret_id": SECRET_ID, "secret_key": SECRET_KEY}
    token = (await api.post("/token/new/", json=secret)).json()["access"]
    api.headers["Authorization"] = f"Bearer {token}"
    assert (await api.get(f"/requisitions/{requisition['id']}/")).json()["status"] == "EX"


async def test_time_can_be_set(control: httpx.AsyncClient) -> None:
    told = await control.put("/clock", json={"at": "2027-01-01T09:00:00Z"})
    assert datetime.fromisoformat(told.json()["now"]) >= datetime(2027, 1, 1, 9, tzinfo=UTC)


async def test_a_reconfirmed_consent_lives_longer(
    api: httpx.AsyncClient, control: httpx.AsyncClient
) -> None:
    requisition = await link(api, ALBION, access_valid_for_days=180, reconfirmation=True)
    await control.put("/clock", json={"advance_seconds": 3600})
    path = f"/agreements/enduser/{requisition['agreement']}/reconfirm/"
    asked = (await api.post(path, json={})).json()
    back = await api.get(asked["reconfirmation_url"], params={"approve": "1"})
    assert back.headers["location"].startswith("https://x.example/?ref=")
    told = (await api.get(path)).json()["accounts"]
    assert all(account["reconfirmed"] for account in told.values())


async def test_the_page_asks_and_a_used_link_is_gone(api: httpx.AsyncClient) -> None:
    asked = {"redirect": "https://x.example/?a=1", "institution_id": RHEIN, "reference": "r 1"}
    requisition = (await api.post("/requisitions/", json=asked)).json()
    page = await api.get(requisition["link"])
    assert "Approve" in page.text
    assert (await api.get(f"/requisitions/{requisition['id']}/")).json()["status"] == "GC"
    back = await api.post(requisition["link"], data={"reject": "1"})
    assert dict(httpx.URL(back.headers["location"]).params) == {
        "a": "1",
        "ref": "r 1",
        "error": "UserCancelledSession",
        "details": "User cancelled the session",
    }
    assert (await api.get(requisition["link"])).status_code == 410


async def test_the_tester_adds_changes_and_removes_a_line(
    api: httpx.AsyncClient, control: httpx.AsyncClient
) -> None:
    account = (await link(api))["accounts"][0]
    path = f"/gocardless/accounts/{account}/transactions"
    odd = {"transactionAmount": {"amount": "oops", "currency": "EUR"}, "madeUp": [1]}
    await control.put(path, json={"booked": []})
    added = (await control.post(path, json={"transaction": odd, "booked": False})).json()
    assert await booked(api, account) == []
    await control.put(f"{path}/{added['key']}", json={"booked": True})
    assert await booked(api, account) == [odd]
    assert (await api.get(f"/accounts/{account}/balances/")).is_success
    await control.delete(f"{path}/{added['key']}")
    assert await booked(api, account) == []


async def test_lines_are_found_by_iban_before_anyone_consents(control: httpx.AsyncClient) -> None:
    accounts = (await control.get("/gocardless/bank_accounts")).json()
    [iban] = [account["iban"] for account in accounts if account["institution_id"] == RHEIN]
    told = (await control.get(f"/gocardless/accounts/{iban}/transactions")).json()
    assert all(line["booked"] for line in told)
    assert len(told) > 90


async def test_a_fault_meets_the_next_calls_only(
    api: httpx.AsyncClient, control: httpx.AsyncClient
) -> None:
    fault = {"path": "*/institutions/*", "method": "GET", "calls": 2, "error": "ServiceError"}
    await control.post("/faults", json=fault)
    answers = [await api.get(f"/institutions/{RHEIN}/") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [503, 503, 200]


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"{", "no JSON"), (b"[]", "an object with calls"), (b"{}", "an object with calls")],
)
async def test_a_body_that_says_nothing_is_refused(
    control: httpx.AsyncClient, content: bytes, said: str
) -> None:
    answer = await control.put("/gocardless/allowance", content=content)
    assert answer.status_code == 400
    assert said in answer.json()["error"]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"error": "NoSuchError"}, "no error is named NoSuchError"),
        ({"sattus": 500}, "a fault has no sattus"),
    ],
)
async def test_a_mistyped_fault_is_refused(
    control: httpx.AsyncClient, fault: dict[str, Any], said: str
) -> None:
    answer = await control.post("/faults", json=fault)
    assert answer.status_code == 400
    assert said in answer.json()["error"]


async def test_calls_are_listed_without_secrets(
    api: httpx.AsyncClient, control: httpx.AsyncClient
) -> None:
    await api.get("/institutions/", params={"country": "gb"})
    log = await control.get("/calls")
    seen = [(call["method"], call["path"], call["query"], call["status"]) for call in log.json()]
    assert seen == [
        ("POST", "/api/v2/token/new/", "", 200),
        ("GET", "/api/v2/institutions/", "country=gb", 200),
    ]
    assert SECRET_KEY not in log.text


async def test_a_reset_forgets_everything(
    api: httpx.AsyncClient, control: httpx.AsyncClient
) -> None:
    await link(api)
    await control.post("/faults", json={"status": 500})
    await control.post("/reset")
    assert (await api.get("/requisitions/")).status_code == 401
    assert (await control.get("/faults")).json() == []


async def test_features_filter_the_list(api: httpx.AsyncClient) -> None:
    told = await api.get("/institutions/", params={"account_selection_supported": "true"})
    assert [bank["id"] for bank in told.json()] == [ALBION, "POLDERBANK_PLDRNL2A"]
