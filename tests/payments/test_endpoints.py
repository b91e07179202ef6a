"""A connection by key has an endpoint of its own at Stripe: made by us, or told by the tenant."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import delete

from payymo_api.core.clock import now
from payymo_api.core.types import public_id
from payymo_api.payments import tasks
from payymo_api.payments.events import StripeConnected
from payymo_api.payments.models import StripeConnection, StripeWebhookSecret
from payymo_api.payments.rules.keys import NEEDED
from payymo_api.payments.rules.notices import FOLLOWED
from payymo_api.payments.service.accounts import Stripes
from payymo_api.payments.service.intake import Intake
from payymo_api.sandbox.stripe.event_types import EVENT_TYPES
from tests.payments.conftest import Shop
from tests.payments.deliveries import deliver, event, served
from tests.payments.workers import follow_all, messages


def path(shop: Shop, what: str) -> str:
    return f"/api/v1/stripe/connections/{public_id('scon', shop.connection.id)}/{what}"


async def shown(shop: Shop) -> dict[str, Any]:
    return dict((await shop.client.get(path(shop, "webhook"))).raise_for_status().json())


@pytest.fixture
async def reachable(app: FastAPI, stripes: Stripes) -> AsyncIterator[Stripes]:
    """The way to Stripe of a service that Stripe can reach too."""
    intake: Intake = app.state.intake
    intake.forget()
    async with served(app) as url:
        yield replace(stripes, public_url=url)


async def register(shop: Shop, stripes: Stripes) -> None:
    payload = StripeConnected(connection_id=shop.connection.id).model_dump(mode="json")
    await tasks.register_endpoint(shop.database, stripes, shop.tenant_id, payload)


async def delivered(control: httpx.AsyncClient) -> list[int | str]:
    """The outcome of each attempt, once all are made."""
    for _ in range(500):
        if (await control.get("/stripe/delivery")).json()["idle"]:
            break
    return [each["status"] for each in (await control.get("/stripe/deliveries")).json()]


def test_an_endpoint_asks_for_event_types_that_there_are() -> None:
    assert set(FOLLOWED) <= EVENT_TYPES
    assert len(FOLLOWED) == len(set(FOLLOWED))


async def test_we_make_it_and_stripe_delivers(
    shop: Shop, reachable: Stripes, control: httpx.AsyncClient
) -> None:
    await register(shop, reachable)
    await shop.api.pay()

    statuses = await delivered(control)
    assert statuses
    assert set(statuses) == {200}
    endpoint = (await control.get("/stripe/objects/webhook_endpoint")).json()[0]
    told = await shown(shop)
    assert (told["endpoint_id"], told["secrets_in_force"]) == (endpoint["id"], 1)
    assert set(endpoint["enabled_events"]) == set(told["event_types"])
    await follow_all(shop.database, shop.stripes, shop.tenant_id)
    assert await shop.told() == ["stripe_payment.succeeded"]


async def test_it_is_made_once(shop: Shop, reachable: Stripes, control: httpx.AsyncClient) -> None:
    await register(shop, reachable)
    await _forget_secrets(shop)
    await register(shop, reachable)
    await register(shop, reachable)
    assert len((await control.get("/stripe/objects/webhook_endpoint")).json()) == 1
    assert (await shown(shop))["secrets_in_force"] == 1
    await shop.api.pay()
    assert set(await delivered(control)) == {200}


async def _forget_secrets(shop: Shop) -> None:
    """As if we had died between Stripe's answer and our commit."""
    async with shop.database.scope(shop.tenant_id) as scope:
        await scope.session.execute(delete(StripeWebhookSecret))


async def test_one_that_was_deleted_at_stripe_is_made_anew(
    shop: Shop, reachable: Stripes, control: httpx.AsyncClient
) -> None:
    await register(shop, reachable)
    first = (await shown(shop))["endpoint_id"]
    await shop.api.delete(f"webhook_endpoints/{first}")
    await _activate_again(shop)
    await register(shop, reachable)
    told = await shown(shop)
    assert told["endpoint_id"] != first
    assert told["secrets_in_force"] == 2


async def _activate_again(shop: Shop) -> None:
    async with shop.database.scope(shop.tenant_id) as scope:
        row = await scope.session.get(StripeConnection, (shop.tenant_id, shop.connection.id))
        assert row
        row.activated_at = now()


async def test_a_key_that_may_not_leaves_it_to_the_tenant(
    shop: Shop, reachable: Stripes, control: httpx.AsyncClient
) -> None:
    rights = {"permissions": dict.fromkeys(NEEDED, "read")}
    key = (await control.post("/stripe/keys", json=rights)).json()["key"]
    async with shop.database.scope(shop.tenant_id) as scope:
        row = await scope.session.get(StripeConnection, (shop.tenant_id, shop.connection.id))
        assert row
        row.secret_key = shop.stripes.sealed(row, key)

    await register(shop, reachable)

    told = await shown(shop)
    assert (told["endpoint_id"], told["secrets_in_force"]) == (None, 0)
    made = await shop.api.post(
        "webhook_endpoints", url=f"{reachable.public_url}{_own(shop)}", enabled_events=["*"]
    )
    answer = await shop.client.post(path(shop, "webhook_secrets"), json={"secret": made["secret"]})
    assert answer.status_code == 201
    assert made["secret"] not in answer.text
    await shop.api.pay()
    assert set(await delivered(control)) == {200}
    assert await messages(shop.database, shop.tenant_id)


def _own(shop: Shop) -> str:
    return f"/webhooks/stripe/{public_id('scon', shop.connection.id)}"


async def test_a_rolled_secret_overlaps(
    shop: Shop, reachable: Stripes, control: httpx.AsyncClient, app: FastAPI
) -> None:
    """Stripe signs with both for a while; before and after we know the new one."""
    await register(shop, reachable)
    endpoint = (await shown(shop))["endpoint_id"]
    roll = await control.post(
        f"/stripe/webhook_endpoints/{endpoint}/roll", json={"keep_seconds": 3600}
    )
    await shop.api.pay()
    assert set(await delivered(control)) == {200}

    await shop.client.post(path(shop, "webhook_secrets"), json={"secret": roll.json()["secret"]})
    told = await shown(shop)
    assert (told["secrets_in_force"], told["endpoint_id"]) == (2, endpoint)
    await control.post(f"/stripe/webhook_endpoints/{endpoint}/roll", json={"keep_seconds": 0})
    intake: Intake = app.state.intake
    intake.forget()
    await shop.api.pay()
    assert {200, 400} == set(await delivered(control))


async def test_a_connected_account_has_no_endpoint_of_its_own(shop: Shop) -> None:
    async with shop.database.scope(shop.tenant_id) as scope:
        row = await scope.session.get(StripeConnection, (shop.tenant_id, shop.connection.id))
        assert row
        row.type = "connect"
    answer = await shop.client.get(path(shop, "webhook"))
    assert answer.json()["code"] == "stripe_connection_has_no_key"


@pytest.mark.parametrize("secret", ["", "sk_test_1", "whsec_", "whsec_ä", 7, None])
async def test_what_is_no_secret(shop: Shop, secret: object) -> None:
    answer = await shop.client.post(path(shop, "webhook_secrets"), json={"secret": secret})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/secret"


async def test_events_of_the_other_endpoint_are_refused(
    shop: Shop, anonymous: httpx.AsyncClient
) -> None:
    await shop.client.post(path(shop, "webhook_secrets"), json={"secret": "whsec_told_to_us"})
    assert (await deliver(anonymous, _own(shop), event(), "whsec_told_to_us")).status_code == 200
    assert (await deliver(anonymous, _own(shop), event(), "whsec_another")).status_code == 400
