"""Connections by key: examined at once, sealed, rotated, forgotten."""

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from payymo_api.core.db import Database
from payymo_api.payments.errors import StripeKeyRefused, StripeScopeMissing
from payymo_api.payments.models import StripeConnection
from payymo_api.payments.rules.keys import NEEDED
from payymo_api.payments.service.accounts import Stripes
from payymo_api.sandbox.stripe.platform import LIVE_KEY, PLATFORM, SECRET_KEY
from tests.conftest import Someone
from tests.payments.conftest import Shop

PATH = "/api/v1/stripe/connections"
ALL = dict.fromkeys(NEEDED, "write")


async def make_key(control: httpx.AsyncClient, **body: Any) -> str:  # noqa: ANN401  JSON
    made = await control.post("/stripe/keys", json={"permissions": ALL} | body)
    return str(made.raise_for_status().json()["key"])


async def connect(client: httpx.AsyncClient, key: str, **headers: str) -> httpx.Response:
    return await client.post(PATH, json={"type": "key", "secret_key": key}, headers=headers)


async def row_of(database: Database, someone: Someone) -> StripeConnection:
    async with database.scope(someone.tenant_id) as scope:
        return (await scope.session.scalars(select(StripeConnection))).one()


async def test_a_restricted_key_connects_its_account(
    client: httpx.AsyncClient, control: httpx.AsyncClient
) -> None:
    key = await make_key(control)
    answer = await connect(client, key)

    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["type"], made["status"], made["livemode"]) == ("key", "active", False)
    assert made["account"] == {
        "id": PLATFORM,
        "name": "Sandbox Ltd",
        "country": "GB",
        "default_currency": "GBP",
    }
    assert key not in answer.text
    assert made["key_hint"] == f"rk_test_…{key[-4:]}"
    assert made.items() <= (await client.get(answer.headers["location"])).json().items()
    assert [each["id"] for each in (await client.get(PATH)).json()["data"]] == [made["id"]]


async def test_the_key_is_sealed_and_bound_to_its_row(
    client: httpx.AsyncClient,
    control: httpx.AsyncClient,
    database: Database,
    someone: Someone,
    stripes: Stripes,
) -> None:
    key = await make_key(control)
    await connect(client, key)
    row = await row_of(database, someone)

    assert row.secret_key
    assert key.encode() not in row.secret_key
    assert stripes.unsealed(row, row.secret_key) == key


async def test_each_missing_permission_is_named(
    client: httpx.AsyncClient, control: httpx.AsyncClient
) -> None:
    rights = {path: right for path, right in ALL.items() if path not in {"charges", "payouts"}}
    answer = await connect(client, await make_key(control, permissions=rights))

    assert answer.status_code == 422
    problem = answer.json()
    assert problem["code"] == "stripe_key_unfit"
    assert "Charges, Payouts" in problem["detail"]
    assert [each["pointer"] for each in problem["errors"]] == ["/secret_key"] * 2


@pytest.mark.parametrize("key", ["pk_test_sandbox", "rk_test_nobodys00", "sk_live", "x"])
async def test_what_opens_nothing_is_refused_and_not_quoted(
    client: httpx.AsyncClient, control: httpx.AsyncClient, key: str
) -> None:
    answer = await connect(client, key)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/secret_key"
    assert key == "x" or key not in answer.text
    assert (await client.get(PATH)).json()["data"] == []


async def test_live_and_test_are_two_connections(
    client: httpx.AsyncClient, control: httpx.AsyncClient
) -> None:
    made = [(await connect(client, key)).json() for key in (SECRET_KEY, LIVE_KEY)]

    assert [each["livemode"] for each in made] == [False, True]
    live = (await client.get(PATH, params={"livemode": "true"})).json()["data"]
    assert [each["id"] for each in live] == [made[1]["id"]]


async def test_an_account_is_connected_once(
    client: httpx.AsyncClient, control: httpx.AsyncClient
) -> None:
    keys = [await make_key(control) for _ in range(3)]
    answers = await asyncio.gather(*(connect(client, key) for key in keys))

    assert sorted(each.status_code for each in answers) == [201, 409, 409]
    refused = next(each for each in answers if each.status_code == 409).json()
    assert refused["code"] == "stripe_account_connected"


async def test_a_removed_account_comes_back_as_the_same_connection(
    client: httpx.AsyncClient, control: httpx.AsyncClient, database: Database, someone: Someone
) -> None:
    first = (await connect(client, SECRET_KEY)).json()
    assert (await client.delete(f"{PATH}/{first['id']}")).status_code == 204
    assert (await client.get(f"{PATH}/{first['id']}")).status_code == 404
    gone = await row_of(database, someone)
    assert (gone.status, gone.secret_key) == ("revoked", None)

    again = (await connect(client, await make_key(control))).json()

    assert (again["id"], again["status"]) == (first["id"], "active")


async def test_a_repeated_request_makes_one_connection(
    client: httpx.AsyncClient, control: httpx.AsyncClient
) -> None:
    headers = {"Idempotency-Key": "once"}
    first, second = [await connect(client, SECRET_KEY, **headers) for _ in range(2)]

    assert first.content == second.content
    assert second.headers["idempotent-replayed"] == "true"


async def test_a_key_is_rotated_for_another_of_the_account(
    client: httpx.AsyncClient,
    control: httpx.AsyncClient,
    database: Database,
    someone: Someone,
    stripes: Stripes,
) -> None:
    old, new = [await make_key(control) for _ in range(2)]
    made = (await connect(client, old)).json()
    answer = await client.post(f"{PATH}/{made['id']}/rotate_key", json={"secret_key": new})
    await control.delete(f"/stripe/keys/{old}")

    assert answer.status_code == 200, answer.text
    assert answer.json()["key_hint"].endswith(new[-4:])
    account = stripes.of(await row_of(database, someone))
    assert (await account.fetch("account"))["id"] == PLATFORM


@pytest.mark.parametrize(
    ("other", "code"),
    [({"livemode": True}, "other_mode"), ({"account": "acct_1Other"}, "other_account")],
)
async def test_a_key_of_another_mode_or_account_is_refused(
    client: httpx.AsyncClient,
    control: httpx.AsyncClient,
    other: dict[str, Any],
    code: str,
) -> None:
    made = (await connect(client, SECRET_KEY)).json()
    body = {"secret_key": await make_key(control, **other)}
    answer = await client.post(f"{PATH}/{made['id']}/rotate_key", json=body)

    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["code"] == code
    assert made.items() <= (await client.get(f"{PATH}/{made['id']}")).json().items()


@pytest.mark.parametrize(
    "body",
    [
        {"type": "key"},
        {"type": "connect"},
        {"type": "key", "secret_key": SECRET_KEY, "redirect_url": "https://app.example.com/"},
        {"type": "connect", "redirect_url": "https://app.example.com/", "secret_key": SECRET_KEY},
        {"type": "connect", "redirect_url": "javascript:alert(1)"},
    ],
)
async def test_a_type_gets_what_is_its_own(client: httpx.AsyncClient, body: dict[str, str]) -> None:
    answer = await client.post(PATH, json=body)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] in {"/secret_key", "/redirect_url"}


async def test_a_refused_key_shows_on_the_connection_until_it_is_rotated(
    shop: Shop, control: httpx.AsyncClient
) -> None:
    key = await make_key(control)
    made = (await shop.client.get(PATH)).json()["data"][0]
    path = f"{PATH}/{made['id']}"
    await shop.client.post(f"{path}/rotate_key", json={"secret_key": key})
    await control.delete(f"/stripe/keys/{key}")
    row = await row_of(shop.database, shop.someone)

    with pytest.raises(StripeKeyRefused):
        await shop.stripes.of(row).fetch("account")

    seen = (await shop.client.get(path)).json()
    assert (seen["status"], seen["error"]["code"]) == ("error", "stripe_key_refused")
    assert key not in str(seen)
    body = {"secret_key": await make_key(control)}
    seen = (await shop.client.post(f"{path}/rotate_key", json=body)).json()
    assert (seen["status"], seen["error"]) == ("active", None)


async def test_a_missing_permission_shows_although_other_calls_go_well(
    shop: Shop, control: httpx.AsyncClient
) -> None:
    made = (await shop.client.get(PATH)).json()["data"][0]
    path = f"{PATH}/{made['id']}"
    body = {"secret_key": await make_key(control, permissions=dict.fromkeys(NEEDED, "read"))}
    await shop.client.post(f"{path}/rotate_key", json=body)
    row = await row_of(shop.database, shop.someone)

    with pytest.raises(StripeScopeMissing):
        await shop.stripes.of(row).create("customer", {}, key="a")
    await shop.stripes.of(await row_of(shop.database, shop.someone)).fetch("account")

    error = (await shop.client.get(path)).json()["error"]
    assert error["code"] == "stripe_scope_missing"
    assert "customer" in error["detail"]


async def test_a_connection_recovers_when_stripe_answers_again(shop: Shop) -> None:
    async with shop.database.scope(shop.tenant_id) as scope:
        row = await scope.session.get_one(
            StripeConnection, {"tenant_id": shop.tenant_id, "id": shop.connection.id}
        )
        row.status, row.error_code = "error", "stripe_key_refused"

    await shop.stripes.of(row).fetch("account")

    seen = await row_of(shop.database, shop.someone)
    assert (seen.status, seen.error_code) == ("active", None)


async def test_an_id_of_a_bank_connection_is_not_found_here(client: httpx.AsyncClient) -> None:
    unknown = "scon_06ghq1m2dpuh5c9s2rcmo3g8d4"
    for id in (unknown, unknown.replace("scon", "bc")):
        assert (await client.get(f"{PATH}/{id}")).status_code == 404
