"""What an event tells of is asked for anew, and mirrored, however and how often the event comes."""

import asyncio
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select

from payymo_api.core.clock import now
from payymo_api.core.types import StripeConnectionId, new_id
from payymo_api.messaging import inbox
from payymo_api.messaging.inbox import Message
from payymo_api.payments import tasks
from payymo_api.payments.errors import StripeKeyRefused
from payymo_api.payments.models import StripeConnection, StripePayment
from payymo_api.payments.rules.notices import DEAUTHORIZED
from tests.payments.conftest import Shop
from tests.payments.workers import LEASE, follow_all, make_due, messages

CREATED, SUCCEEDED = "payment_intent.created", "payment_intent.succeeded"


async def tell(
    shop: Shop, subject: str, *types: str, connection: StripeConnection | None = None
) -> None:
    """Put an event of each of these types into the inbox."""
    connection = connection or shop.connection
    told = [
        Message(shop.tenant_id, connection.id, f"evt_{new_id().hex}", type, subject)
        for type in types
    ]
    async with shop.database.system_write_scope() as scope:
        assert await inbox.keep(scope, "stripe", told) == len(told)


async def follow(shop: Shop) -> int:
    return await follow_all(shop.database, shop.stripes, shop.tenant_id)


async def asked(control: httpx.AsyncClient) -> list[str]:
    """The objects that Stripe was asked for."""
    calls = (await control.get("/calls")).json()
    return [each["path"] for each in calls if each["method"] == "GET"]


async def payments(shop: Shop) -> list[StripePayment]:
    async with shop.database.scope(shop.tenant_id) as scope:
        return list(await scope.session.scalars(select(StripePayment)))


async def test_an_event_brings_the_object_in(shop: Shop) -> None:
    made = await shop.api.pay(1234)
    await tell(shop, f"payment_intent/{made['id']}", SUCCEEDED)

    assert await follow(shop) == 1

    [row] = await payments(shop)
    assert (row.stripe_id, row.status, row.amount_minor) == (made["id"], "succeeded", 1234)
    assert await shop.told() == ["stripe_payment.succeeded"]
    assert all(message.done_at for message in await messages(shop.database, shop.tenant_id))


async def test_a_swarm_is_one_question(shop: Shop, control: httpx.AsyncClient) -> None:
    made = await shop.api.pay()
    await tell(shop, f"payment_intent/{made['id']}", *[SUCCEEDED, CREATED] * 20)
    await control.delete("/calls")

    assert await follow(shop) == 1

    assert await asked(control) == [f"/v1/payment_intents/{made['id']}"]
    assert await shop.told() == ["stripe_payment.succeeded"]


async def test_what_was_asked_for_since_is_not_asked_for_again(
    shop: Shop, control: httpx.AsyncClient
) -> None:
    made = await shop.api.pay()
    await tell(shop, f"payment_intent/{made['id']}", SUCCEEDED)
    await shop.fetch("payment_intent", made["id"])
    await control.delete("/calls")

    await follow(shop)

    assert await asked(control) == []
    assert all(message.done_at for message in await messages(shop.database, shop.tenant_id))


async def test_a_change_after_the_question_is_asked_for(shop: Shop) -> None:
    made = await shop.api.pay(capture_method="manual")
    await tell(shop, f"payment_intent/{made['id']}", CREATED)
    await follow(shop)
    await shop.api.post(f"payment_intents/{made['id']}/capture")
    await tell(shop, f"payment_intent/{made['id']}", SUCCEEDED)
    await follow(shop)
    [row] = await payments(shop)
    assert row.status == "succeeded"


async def test_events_in_any_order_and_at_once_end_the_same(shop: Shop) -> None:
    made = await shop.api.pay()
    await tell(shop, f"payment_intent/{made['id']}", SUCCEEDED, CREATED, SUCCEEDED)
    rows = await messages(shop.database, shop.tenant_id)
    await asyncio.gather(
        *(
            tasks.follow_event(shop.database, shop.stripes, shop.tenant_id, row.id, LEASE)
            for row in rows
        )
    )
    assert [row.status for row in await payments(shop)] == ["succeeded"]
    assert await shop.told() == ["stripe_payment.succeeded"]


async def test_an_older_payments_own_event_is_told(shop: Shop) -> None:
    """It was made before the connection; its success came after."""
    await _activated(shop, now() + timedelta(hours=1))
    told, silent = await shop.api.pay(), await shop.api.pay()
    await tell(shop, f"payment_intent/{told['id']}", CREATED, SUCCEEDED)
    await tell(shop, f"payment_intent/{silent['id']}", CREATED)
    await follow(shop)
    assert len(await payments(shop)) == 2
    assert await shop.told() == ["stripe_payment.succeeded"]


async def _activated(shop: Shop, at: object) -> None:
    async with shop.database.scope(shop.tenant_id) as scope:
        row = await scope.session.get(StripeConnection, (shop.tenant_id, shop.connection.id))
        assert row
        row.activated_at = at  # type: ignore[assignment]  # a datetime


async def test_what_stripe_does_not_have_is_done_with(shop: Shop) -> None:
    row = await shop.pay()
    await tell(shop, "payment_intent/pi_gone", SUCCEEDED)
    await tell(shop, "never_heard/of_1", SUCCEEDED)
    await follow(shop)
    assert all(message.done_at for message in await messages(shop.database, shop.tenant_id))
    assert [each.id for each in await payments(shop)] == [row.id]


@pytest.mark.parametrize("status", [500, 429])
async def test_while_stripe_is_down_nothing_is_lost(
    shop: Shop, control: httpx.AsyncClient, status: int
) -> None:
    made = await shop.api.pay()
    await tell(shop, f"payment_intent/{made['id']}", SUCCEEDED, CREATED)
    error = {"error": {"type": "api_error", "message": "Down."}}
    fault = {"path": "/v1/*", "status": status, "body": error, "calls": 100}
    (await control.post("/faults", json=fault)).raise_for_status()

    assert await follow(shop) == 1

    rows = await messages(shop.database, shop.tenant_id)
    assert {(row.done_at, row.attempts) for row in rows} == {(None, 1)}
    await control.delete("/faults")
    await make_due(shop.database, shop.tenant_id)
    await follow(shop)
    assert [row.status for row in await payments(shop)] == ["succeeded"]
    assert all(row.done_at for row in await messages(shop.database, shop.tenant_id))


async def test_a_refused_key_is_shown_and_the_events_wait_for_another(
    shop: Shop, control: httpx.AsyncClient
) -> None:
    made = await shop.api.pay()
    await tell(shop, f"payment_intent/{made['id']}", SUCCEEDED)
    fault = {"path": "/v1/*", "status": 401, "body": {"error": {"message": "No."}}, "calls": 9}
    (await control.post("/faults", json=fault)).raise_for_status()

    await follow(shop)

    async with shop.database.scope(shop.tenant_id) as scope:
        row = await scope.session.get(StripeConnection, (shop.tenant_id, shop.connection.id))
        assert row
        assert (row.status, row.error_code) == ("error", StripeKeyRefused.code)
    [message] = await messages(shop.database, shop.tenant_id)
    assert (message.done_at, message.error) == (None, StripeKeyRefused.code)


async def connected(shop: Shop, control: httpx.AsyncClient) -> StripeConnection:
    """An account that is connected to the sandbox's platform."""
    account = await shop.api.post("accounts", type="standard", country="GB")
    row = StripeConnection(
        tenant_id=shop.tenant_id,
        id=StripeConnectionId(new_id()),
        type="connect",
        status="active",
        livemode=False,
        account_id=account["id"],
    )
    async with shop.database.scope(shop.tenant_id) as scope:
        scope.session.add(row)
    return row


async def test_access_that_was_taken_back_revokes_the_connection(
    shop: Shop, control: httpx.AsyncClient
) -> None:
    connection = await connected(shop, control)
    account = connection.account_id
    (await control.post(f"/stripe/accounts/{account}/deauthorize")).raise_for_status()
    await tell(shop, f"account/{account}", DEAUTHORIZED, DEAUTHORIZED, connection=connection)

    await follow(shop)

    async with shop.database.scope(shop.tenant_id) as scope:
        row = await scope.session.get(StripeConnection, (shop.tenant_id, connection.id))
        assert row
        assert row.status == "revoked"
    assert await shop.told("stripe_connection.") == ["stripe_connection.revoked"]


async def test_access_that_was_granted_again_stays(shop: Shop, control: httpx.AsyncClient) -> None:
    connection = await connected(shop, control)
    subject = f"account/{connection.account_id}"
    await tell(shop, subject, DEAUTHORIZED, connection=connection)
    await follow(shop)
    async with shop.database.scope(shop.tenant_id) as scope:
        row = await scope.session.get(StripeConnection, (shop.tenant_id, connection.id))
        assert row
        assert row.status == "active"


async def test_a_revoked_connections_events_are_done_with(shop: Shop) -> None:
    await tell(shop, "payment_intent/pi_1", SUCCEEDED)
    async with shop.database.scope(shop.tenant_id) as scope:
        row = await scope.session.get(StripeConnection, (shop.tenant_id, shop.connection.id))
        assert row
        row.status = "revoked"
    await follow(shop)
    assert all(message.done_at for message in await messages(shop.database, shop.tenant_id))
    assert await payments(shop) == []
