"""The SDK's account against the sandbox: what it repeats, and what its refusals become."""

from collections.abc import AsyncIterator

import httpx
import pytest

from payymo_api.core.errors import ProviderTimeout, ProviderUnavailable
from payymo_api.payments.errors import (
    StripeBusy,
    StripeDeclined,
    StripeKeyRefused,
    StripeRefused,
    StripeScopeMissing,
)
from payymo_api.payments.gateway import pacing
from payymo_api.payments.gateway.stripe import Http, SdkAccount
from payymo_api.sandbox.stripe.platform import SECRET_KEY

INTENT = "payment_intent"
PAYMENT = {
    "amount": 1000,
    "currency": "gbp",
    "payment_method": "pm_card_visa",
    "confirm": True,
    "return_url": "https://shop.example/back",
}


@pytest.fixture
async def account(
    control: httpx.AsyncClient, sandbox_url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[SdkAccount]:
    """Hurried: it waits for nobody."""
    monkeypatch.setattr(pacing, "_AGAIN_SECONDS", (0.001, 0.001, 0.001))
    http = Http(timeout=5)
    yield SdkAccount(sandbox_url, http, SECRET_KEY)
    await http.close_async()  # type: ignore[no-untyped-call]  # the SDK has no type here


async def break_next(control: httpx.AsyncClient, **fault: object) -> None:
    answer = await control.post("/faults", json={"path": "/v1/payment_intents*"} | fault)
    assert answer.is_success, answer.text


async def charges(account: SdkAccount) -> int:
    return len((await account.fetch("charges"))["data"])


async def test_objects_come_with_their_charge(account: SdkAccount) -> None:
    made = await account.create(INTENT, PAYMENT, key="a")

    found = await account.retrieve(INTENT, made["id"])
    assert found["latest_charge"]["amount_refunded"] == 0
    assert made["latest_charge"] == found["latest_charge"]
    listed = await account.list(INTENT, {"limit": 10})
    assert [each["latest_charge"]["id"] for each in listed.data] == [found["latest_charge"]["id"]]
    assert listed.has_more is False


async def test_the_same_key_acts_once(account: SdkAccount) -> None:
    made = [await account.create(INTENT, PAYMENT, key="once") for _ in range(2)]

    assert made[0]["id"] == made[1]["id"]
    assert await charges(account) == 1


@pytest.mark.parametrize(
    "fault",
    [
        {"error": "api_error"},
        {"error": "stripe_unavailable"},
        {"error": "rate_limit"},
        {"error": "idempotency_key_in_use"},
        {"drop": True},
        {"done": True, "drop": True},
        {"done": True, "error": "api_error"},
        {"status": 502, "html": "<h1>Bad gateway</h1>"},
    ],
)
async def test_what_broke_is_repeated_and_charged_once(
    account: SdkAccount, control: httpx.AsyncClient, fault: dict[str, object]
) -> None:
    await break_next(control, **fault)
    made = await account.create(INTENT, PAYMENT, key="once")

    assert made["status"] == "succeeded"
    assert await charges(account) == 1


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"error": "rate_limit"}, StripeBusy),
        ({"error": "stripe_unavailable"}, ProviderUnavailable),
        ({"drop": True}, ProviderUnavailable),
        ({"status": 502, "html": "<h1>Bad gateway</h1>"}, ProviderUnavailable),
    ],
)
async def test_what_stays_broken_is_told(
    account: SdkAccount,
    control: httpx.AsyncClient,
    fault: dict[str, object],
    kind: type[ProviderUnavailable],
) -> None:
    await break_next(control, calls=100, **fault)

    with pytest.raises(kind) as refused:
        await account.retrieve(INTENT, "pi_x")
    assert refused.value.retryable
    assert "<" not in refused.value.detail


async def test_a_slow_answer_is_a_timeout(control: httpx.AsyncClient, sandbox_url: str) -> None:
    await break_next(control, calls=100, seconds=30)
    http = Http(timeout=0.1)

    with pytest.raises(ProviderTimeout):
        await SdkAccount(sandbox_url, http, SECRET_KEY).retrieve(INTENT, "pi_x")
    await http.close_async()  # type: ignore[no-untyped-call]  # the SDK has no type here


async def test_nobody_there_is_unavailable(account: SdkAccount) -> None:
    nowhere = SdkAccount("http://127.0.0.1:9", account.http, SECRET_KEY)

    with pytest.raises(ProviderUnavailable):
        await nowhere.retrieve(INTENT, "pi_x")


async def test_a_decline_has_its_codes(account: SdkAccount) -> None:
    card = {"payment_method": "pm_card_chargeDeclinedInsufficientFunds"}
    with pytest.raises(StripeDeclined) as declined:
        await account.create(INTENT, PAYMENT | card, key="a")

    told = declined.value.decline
    assert (told["code"], told["decline_code"]) == ("card_declined", "insufficient_funds")


async def test_a_fault_of_the_request_names_its_field(account: SdkAccount) -> None:
    with pytest.raises(StripeRefused) as refused:
        await account.create(INTENT, PAYMENT | {"amount": 1}, key="a")

    [field] = refused.value.errors
    assert (field.pointer, field.code) == ("/amount", "amount_too_small")
    assert not refused.value.missing


async def test_an_object_that_is_not_there_is_missing(account: SdkAccount) -> None:
    with pytest.raises(StripeRefused) as refused:
        await account.retrieve(INTENT, "pi_none")

    assert refused.value.missing


async def test_a_key_that_opens_nothing_is_refused_and_not_quoted(account: SdkAccount) -> None:
    key = "sk_test_nobodys000000"
    with pytest.raises(StripeKeyRefused) as refused:
        await SdkAccount(account.url, account.http, key).fetch("account")

    assert key not in refused.value.detail
    assert key not in repr(SdkAccount(account.url, account.http, key))


async def test_a_missing_permission_is_named(
    account: SdkAccount, control: httpx.AsyncClient
) -> None:
    body = {"permissions": {"charges": "read"}}
    key = (await control.post("/stripe/keys", json=body)).json()["key"]

    with pytest.raises(StripeScopeMissing, match="payment_intent"):
        await SdkAccount(account.url, account.http, key).retrieve(INTENT, "pi_x")


async def test_an_id_leads_to_no_other_address(account: SdkAccount) -> None:
    """Ids come in events too, which whoever has a connection's secret may sign."""
    with pytest.raises(StripeRefused) as refused:
        await account.retrieve("customer", "../account?x=")

    assert refused.value.missing
