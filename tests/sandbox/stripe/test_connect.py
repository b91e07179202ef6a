"""Connect by OAuth, as the official SDK does it."""

import asyncio
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pytest
import stripe
from stripe import StripeClient

from payymo_api.sandbox.stripe.platform import CLIENT_ID, LIVE_KEY, SECRET_KEY
from tests.sandbox.stripe.conftest import Api

REDIRECT = "https://payymo.example/callback"


async def decide(control: httpx.AsyncClient, url: str, choice: str) -> dict[str, str]:
    asked = {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "scope": "read_write",
        "redirect_uri": REDIRECT,
        "state": "s-1",
    }
    page = f"{url}/oauth/authorize?{urlencode(asked)}"
    assert "<form" in (await control.get(page)).text
    back = await control.post(page, data={choice: "1"})
    assert back.headers["location"].startswith(REDIRECT)
    return dict(parse_qsl(urlsplit(back.headers["location"]).query))


async def connect(control: httpx.AsyncClient, url: str) -> httpx.Response:
    code = (await decide(control, url, "approve"))["code"]
    asked = {"grant_type": "authorization_code", "code": code, "client_secret": SECRET_KEY}
    return await control.post(f"{url}/oauth/token", data=asked)


@pytest.fixture
def blocking(sandbox_url: str) -> Iterator[StripeClient]:
    """The SDK's OAuth has no asynchronous form."""
    http = stripe.RequestsClient()
    addresses: Any = {"api": sandbox_url, "connect": sandbox_url}
    yield StripeClient(SECRET_KEY, base_addresses=addresses, http_client=http)
    http.close()  # type: ignore[no-untyped-call]  # the SDK has no type here


async def test_connects_an_account_and_works_in_its_name(
    blocking: StripeClient, sdk: StripeClient, control: httpx.AsyncClient, sandbox_url: str
) -> None:
    back = await decide(control, sandbox_url, "approve")
    assert (back["state"], back["scope"]) == ("s-1", "read_write")
    grant: Any = {"grant_type": "authorization_code", "code": back["code"]}
    token = await asyncio.to_thread(blocking.oauth.token, grant)
    assert (token.scope, token.livemode) == ("read_write", False)
    options: stripe.RequestOptions = {"stripe_account": token.stripe_user_id}
    account = await sdk.v1.accounts.retrieve_current_async(options=options)
    assert account.id == token.stripe_user_id


async def test_a_refusal_comes_back_as_an_error(
    control: httpx.AsyncClient, sandbox_url: str
) -> None:
    back = await decide(control, sandbox_url, "reject")
    assert (back["error"], back["state"]) == ("access_denied", "s-1")


async def test_a_code_is_good_once_and_its_second_use_ends_the_connection(
    api: Api, control: httpx.AsyncClient, sandbox_url: str
) -> None:
    code = (await decide(control, sandbox_url, "approve"))["code"]
    asked = {"grant_type": "authorization_code", "code": code, "client_secret": SECRET_KEY}
    first, again = [await control.post(f"{sandbox_url}/oauth/token", data=asked) for _ in range(2)]
    assert first.is_success
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    acting = {"Stripe-Account": first.json()["stripe_user_id"]}
    assert (await api.send("GET", "customers", acting)).status_code == 403


async def test_a_code_is_not_good_for_long(control: httpx.AsyncClient, sandbox_url: str) -> None:
    code = (await decide(control, sandbox_url, "approve"))["code"]
    await control.put("/clock", json={"advance_seconds": 301})
    asked = {"grant_type": "authorization_code", "code": code, "client_secret": SECRET_KEY}
    answer = await control.post(f"{sandbox_url}/oauth/token", data=asked)
    assert answer.json()["error"] == "invalid_grant"


async def test_a_test_connection_opens_nothing_live(
    api: Api, control: httpx.AsyncClient, sandbox_url: str
) -> None:
    told = (await connect(control, sandbox_url)).json()
    live = {"Authorization": f"Bearer {LIVE_KEY}", "Stripe-Account": told["stripe_user_id"]}
    assert (await api.send("GET", "customers", live)).status_code == 403
    asked = {"grant_type": "refresh_token", "refresh_token": told["refresh_token"]}
    answer = await control.post(
        f"{sandbox_url}/oauth/token", data=asked | {"client_secret": LIVE_KEY}
    )
    assert answer.json()["error"] == "invalid_grant"


async def test_renews_by_refresh_token(control: httpx.AsyncClient, sandbox_url: str) -> None:
    told = (await connect(control, sandbox_url)).json()
    asked = {
        "grant_type": "refresh_token",
        "refresh_token": told["refresh_token"],
        "client_secret": SECRET_KEY,
    }
    renewed = (await control.post(f"{sandbox_url}/oauth/token", data=asked)).json()
    assert renewed["stripe_user_id"] == told["stripe_user_id"]
    assert renewed["access_token"] != told["access_token"]


@pytest.mark.parametrize("by", ["platform", "owner"])
async def test_an_ended_connection_says_so_and_opens_nothing(
    blocking: StripeClient, api: Api, control: httpx.AsyncClient, sandbox_url: str, by: str
) -> None:
    told = (await connect(control, sandbox_url)).json()
    account, own = told["stripe_user_id"], {"Authorization": f"Bearer {told['access_token']}"}
    assert (await api.send("GET", "customers", own)).is_success
    if by == "platform":
        ended: Any = {"client_id": CLIENT_ID, "stripe_user_id": account}
        await asyncio.to_thread(blocking.oauth.deauthorize, ended)
    else:
        await control.post(f"/stripe/accounts/{account}/deauthorize")
    assert (await api.send("GET", "customers", {"Stripe-Account": account})).status_code == 403
    assert (await api.send("GET", "customers", own)).status_code == 401


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "password", "client_secret": SECRET_KEY}, "unsupported_grant_type"),
        ({"grant_type": "authorization_code", "client_secret": "sk_test_no"}, "invalid_client"),
        (
            {"grant_type": "authorization_code", "code": "ac_no", "client_secret": SECRET_KEY},
            "invalid_grant",
        ),
    ],
)
async def test_refuses_in_the_words_of_oauth(
    control: httpx.AsyncClient, sandbox_url: str, form: dict[str, str], error: str
) -> None:
    answer = await control.post(f"{sandbox_url}/oauth/token", data=form)
    assert answer.json()["error"] == error
