"""Connections by Stripe Connect: the owner grants access, refuses it, or takes it back."""

from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from payymo_api.core.db import Database
from payymo_api.payments import tasks
from payymo_api.payments.errors import (
    StripeAccessLost,
    StripeConnectionNotActive,
    StripeNotConfigured,
)
from payymo_api.payments.models import StripeConnection
from payymo_api.payments.service.accounts import Stripes
from payymo_api.sandbox.stripe.platform import SECRET_KEY
from tests.banking.conftest import Calendar, calendar
from tests.conftest import Someone
from tests.payments.conftest import Shop

__all__ = ["calendar"]

PATH = "/api/v1/stripe/connections"
REDIRECT = "https://app.example.com/done?from=stripe"


@dataclass(frozen=True, slots=True)
class Owner:
    """A tenant, and the account's owner with a browser."""

    someone: Someone
    browser: httpx.AsyncClient
    stripe: httpx.AsyncClient
    database: Database

    async def begin(self) -> dict[str, Any]:
        body = {"type": "connect", "redirect_url": REDIRECT}
        answer = await self.someone.client.post(PATH, json=body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def decide(self, made: dict[str, Any], choice: str = "approve=1") -> httpx.Response:
        """Decide on Stripe's page, and follow where it sends the browser."""
        there = await self.stripe.get(f"{made['authorization_url']}&{choice}")
        return await self.browser.get(there.headers["location"])

    async def connect(self, choice: str = "approve=1") -> dict[str, Any]:
        made = await self.begin()
        await self.decide(made, choice)
        return await self.get(made["id"])

    async def get(self, id: str) -> dict[str, Any]:
        return dict((await self.someone.client.get(f"{PATH}/{id}")).json())

    async def row(self) -> StripeConnection:
        async with self.database.scope(self.someone.tenant_id) as scope:
            row = await scope.session.scalar(
                select(StripeConnection).order_by(StripeConnection.id.desc()).limit(1)
            )
        assert row
        return row


@pytest.fixture
async def owner(
    someone: Someone,
    anonymous: httpx.AsyncClient,
    control: httpx.AsyncClient,
    database: Database,
) -> Owner:
    """At a Stripe of its own: no other test's tenant has its accounts connected."""
    await control.post("/reset", json={"seed": str(someone.tenant_id)})
    return Owner(someone, anonymous, control, database)


async def test_an_owner_grants_access(owner: Owner, stripes: Stripes) -> None:
    made = await owner.begin()
    assert (made["status"], made["account"]) == ("pending", None)
    back = await owner.decide(made)

    assert back.status_code == 303
    where = f"{REDIRECT}&connection_id={made['id']}&status=active"
    assert back.headers["location"] == where
    seen = await owner.get(made["id"])
    assert (seen["status"], seen["livemode"], seen["authorization_url"]) == ("active", False, None)
    account = await stripes.of(await owner.row()).fetch("account")
    assert account["id"] == seen["account"]["id"]
    assert account["id"].startswith("acct_1")


async def test_a_state_is_good_once(owner: Owner, anonymous: httpx.AsyncClient) -> None:
    made = await owner.begin()
    there = await owner.stripe.get(f"{made['authorization_url']}&approve=1")
    answers = [await anonymous.get(there.headers["location"]) for _ in range(2)]

    assert [each.status_code for each in answers] == [303, 400]
    assert (await owner.get(made["id"]))["status"] == "active"


@pytest.mark.parametrize("query", ["", "?state=guess", "?state=guess&code=ac_x", "?error=x"])
async def test_without_a_live_state_nothing_happens(
    anonymous: httpx.AsyncClient, query: str
) -> None:
    assert (await anonymous.get(f"{PATH}/callback{query}")).status_code == 400


async def test_an_old_state_is_refused(owner: Owner, calendar: Calendar) -> None:
    made = await owner.begin()
    calendar.advance(hours=25)

    assert (await owner.decide(made)).status_code == 400


async def test_an_owner_who_refuses_is_sent_back_too(owner: Owner) -> None:
    made = await owner.begin()
    back = await owner.decide(made, "reject=1")

    assert back.headers["location"].endswith("status=error")
    assert (await owner.get(made["id"]))["error"]["code"] == "stripe_connect_denied"


async def test_a_code_that_stripe_does_not_know_is_an_error(
    owner: Owner, anonymous: httpx.AsyncClient, stripes: Stripes
) -> None:
    made = await owner.begin()
    there = await owner.stripe.get(f"{made['authorization_url']}&approve=1")
    address = httpx.URL(there.headers["location"]).copy_set_param("code", "ac_made_up")
    back = await anonymous.get(address)

    assert back.headers["location"].endswith("status=error")
    assert (await owner.get(made["id"]))["error"]["code"] == "stripe_connect_refused"
    with pytest.raises(StripeConnectionNotActive):
        stripes.of(await owner.row())


async def test_an_account_is_connected_once(owner: Owner) -> None:
    first = await owner.connect()
    second = await owner.connect(f"approve=1&account={first['account']['id']}")

    assert second["status"] == "error"
    assert second["error"]["code"] == "stripe_account_connected"
    assert (await owner.get(first["id"]))["status"] == "active"


async def test_an_account_that_comes_back_keeps_its_connection(
    owner: Owner, stripes: Stripes
) -> None:
    first = await owner.connect()
    await owner.someone.client.delete(f"{PATH}/{first['id']}")
    made = await owner.begin()
    back = await owner.decide(made, f"approve=1&account={first['account']['id']}")

    assert f"connection_id={first['id']}&status=active" in back.headers["location"]
    assert (await owner.get(first["id"]))["status"] == "active"
    assert (await owner.someone.client.get(f"{PATH}/{made['id']}")).status_code == 404


async def test_a_removed_connection_ends_its_access_at_stripe(
    owner: Owner, stripes: Stripes
) -> None:
    made = await owner.connect()
    row = await owner.row()
    await owner.someone.client.delete(f"{PATH}/{made['id']}")
    ended = {"account_id": row.account_id, "livemode": False}
    for _ in range(2):
        await tasks.end_access(owner.database, stripes, owner.someone.tenant_id, ended)

    with pytest.raises(StripeAccessLost):
        await stripes.of(row).fetch("account")


async def test_access_that_another_tenant_needs_is_not_ended(
    owner: Owner, stranger: Someone, stripes: Stripes
) -> None:
    made = await owner.connect()
    other = Owner(stranger, owner.browser, owner.stripe, owner.database)
    await other.connect(f"approve=1&account={made['account']['id']}")
    row = await owner.row()
    await owner.someone.client.delete(f"{PATH}/{made['id']}")
    ended = {"account_id": row.account_id, "livemode": False}
    await tasks.end_access(owner.database, stripes, owner.someone.tenant_id, ended)

    assert (await stripes.of(await other.row()).fetch("account"))["id"] == row.account_id


async def test_a_connected_account_has_no_key_to_rotate(owner: Owner) -> None:
    made = await owner.connect()
    body = {"secret_key": SECRET_KEY}
    answer = await owner.someone.client.post(f"{PATH}/{made['id']}/rotate_key", json=body)

    assert answer.status_code == 409
    assert answer.json()["code"] == "stripe_connection_has_no_key"


async def test_money_of_a_connected_account_is_seen_by_its_own_connection(
    owner: Owner, shop: Shop
) -> None:
    """The platform's key opens both; which account answers is the connection's."""
    await shop.pay()
    await owner.connect()

    listed = await shop.stripes.of(await owner.row()).list("payment_intent", {})
    assert listed.data == []


async def test_a_platform_key_of_the_other_mode_acts_for_nobody(
    owner: Owner, stripes: Stripes
) -> None:
    """The operator went live: what was connected in test mode must not reach live accounts."""
    await owner.connect()
    live = replace(stripes, platform_key="sk_live_0123456789")

    with pytest.raises(StripeNotConfigured):
        live.of(await owner.row())


async def test_a_platform_key_of_the_other_mode_ends_no_access(
    owner: Owner, stripes: Stripes
) -> None:
    made = await owner.connect()
    row = await owner.row()
    await owner.someone.client.delete(f"{PATH}/{made['id']}")
    live = replace(stripes, platform_key="sk_live_0123456789")
    ended = {"account_id": row.account_id, "livemode": False}
    await tasks.end_access(owner.database, live, owner.someone.tenant_id, ended)

    assert (await stripes.of(row).fetch("account"))["id"] == row.account_id
