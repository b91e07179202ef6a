"""Events that never came are found by listing them, daily and on demand; nothing is done twice."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, update

from payymo_api.core.clock import now
from payymo_api.core.errors import ProviderUnavailable
from payymo_api.core.types import public_id
from payymo_api.payments import tasks
from payymo_api.payments.events import StripeCatchUpDue, StripeHistoryDue
from payymo_api.payments.models import StripeCatchUp, StripeConnection, StripePayment
from payymo_api.payments.service import catching_up
from tests.payments.conftest import Shop
from tests.payments.workers import follow_all, messages, payloads


def path(shop: Shop) -> str:
    return f"/api/v1/stripe/connections/{public_id('scon', shop.connection.id)}/sync"


async def request(shop: Shop) -> dict[str, Any]:
    answer = await shop.client.post(path(shop))
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


async def read(shop: Shop) -> dict[str, Any]:
    answer = await shop.client.get(path(shop))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def walk(shop: Shop) -> None:
    """Do the newest walk that was asked for."""
    payload = (await payloads(shop.database, shop.tenant_id, StripeCatchUpDue.name))[-1]
    await tasks.catch_up(shop.database, shop.stripes, shop.tenant_id, payload)


async def change(shop: Shop, **values: object) -> None:
    async with shop.database.scope(shop.tenant_id) as scope:
        await scope.session.execute(update(StripeCatchUp).values(**values))


async def test_what_was_missed_is_found(shop: Shop) -> None:
    await request(shop)
    await walk(shop)
    made = [await shop.api.pay() for _ in range(3)]

    asked = await request(shop)
    await walk(shop)

    assert (asked["status"], asked["events_listed"]) == ("queued", 0)
    done = await read(shop)
    assert (done["status"], done["error"]) == ("done", None)
    assert done["events_new"] == done["events_listed"] == done["events_waiting"] > 3
    await follow_all(shop.database, shop.stripes, shop.tenant_id)
    assert (await read(shop))["events_waiting"] == 0
    async with shop.database.scope(shop.tenant_id) as scope:
        kept = set(await scope.session.scalars(select(StripePayment.stripe_id)))
    assert kept == {each["id"] for each in made}
    assert await shop.told() == ["stripe_payment.succeeded"] * 3


async def test_what_is_known_is_not_new(shop: Shop) -> None:
    await shop.api.pay()
    for new in (True, False):
        await request(shop)
        await walk(shop)
        assert bool((await read(shop))["events_new"]) is new


async def test_events_of_before_the_connection_are_not_asked_for(shop: Shop) -> None:
    later = now() + timedelta(hours=3)
    await _activated(shop, later)
    await shop.api.pay()
    await request(shop)
    await walk(shop)
    assert (await read(shop))["events_listed"] == 0


async def _activated(shop: Shop, at: object) -> None:
    async with shop.database.scope(shop.tenant_id) as scope:
        row = await scope.session.get(StripeConnection, (shop.tenant_id, shop.connection.id))
        assert row
        row.activated_at = at  # type: ignore[assignment]  # a datetime


async def test_each_walk_begins_where_the_one_before_ended(
    shop: Shop, control: httpx.AsyncClient
) -> None:
    await request(shop)
    await walk(shop)
    seen = (await read(shop))["seen_until"]
    await change(shop, seen_until=func.now() + timedelta(hours=2))
    await shop.api.pay()
    await request(shop)
    await walk(shop)
    after = await read(shop)
    assert after["events_listed"] == 0
    assert after["seen_until"] > seen


async def test_a_walk_of_many_pages_goes_on_where_it_was_interrupted(
    shop: Shop, control: httpx.AsyncClient
) -> None:
    for _ in range(60):
        await shop.api.pay()
    total = len((await control.get("/stripe/objects/payment_intent")).json())
    await request(shop)
    fault = {
        "path": "/v1/events",
        "status": 500,
        "body": {"error": {"type": "api_error", "message": "Down."}},
        "calls": 100,
    }
    first = {"path": "/v1/events", "calls": 1}
    for each in (first, fault):
        (await control.post("/faults", json=each)).raise_for_status()

    with pytest.raises(ProviderUnavailable):
        await walk(shop)

    halted = await read(shop)
    assert (halted["status"], halted["events_listed"]) == ("running", 100)
    assert halted["error"]["code"] == "provider_unavailable"
    await control.delete("/faults")
    await control.delete("/calls")
    await walk(shop)
    calls = [each["query"] for each in (await control.get("/calls")).json()]
    assert all("starting_after=evt_" in query for query in calls)
    done = await read(shop)
    assert (done["status"], done["error"]) == ("done", None)
    assert done["events_new"] == done["events_listed"]
    subjects = {row.subject for row in await messages(shop.database, shop.tenant_id)}
    assert len({each for each in subjects if each.startswith("payment_intent/")}) == total


async def test_requests_meanwhile_are_served_by_the_same_walk(shop: Shop) -> None:
    first, again = await request(shop), await request(shop)
    assert first == again
    assert len(await payloads(shop.database, shop.tenant_id, StripeCatchUpDue.name)) == 1
    await walk(shop)
    await walk(shop)
    assert (await read(shop))["status"] == "done"


async def test_it_is_due_once_a_day(shop: Shop) -> None:
    await request(shop)
    await walk(shop)
    await change(shop, due_at=func.now() - timedelta(seconds=1))
    while await catching_up.schedule_due(shop.database):
        pass
    due = await payloads(shop.database, shop.tenant_id, StripeCatchUpDue.name)
    assert len(due) == 2
    shown = await read(shop)
    assert shown["status"] == "queued"
    assert shown["next_at"] > now().isoformat()


async def test_a_connection_that_has_ended_is_not_walked(shop: Shop) -> None:
    await request(shop)
    id = public_id("scon", shop.connection.id)
    assert (await shop.client.delete(f"/api/v1/stripe/connections/{id}")).status_code == 204
    await walk(shop)
    await change(shop, due_at=func.now() - timedelta(seconds=1))
    while await catching_up.schedule_due(shop.database):
        pass
    assert len(await payloads(shop.database, shop.tenant_id, StripeCatchUpDue.name)) == 1
    async with shop.database.scope(shop.tenant_id) as scope:
        row = await scope.session.get(StripeCatchUp, (shop.tenant_id, shop.connection.id))
        assert row
        assert (row.status, row.due_at) == ("failed", None)


async def test_a_connection_that_lives_again_asks_for_what_it_missed(shop: Shop) -> None:
    async with shop.database.scope(shop.tenant_id) as scope:
        await catching_up.start(scope, shop.connection)
    seen = (await read(shop))["seen_until"]
    await _activated(shop, now() + timedelta(days=3))
    async with shop.database.scope(shop.tenant_id) as scope:
        row = await scope.session.get(StripeConnection, (shop.tenant_id, shop.connection.id))
        assert row
        await catching_up.start(scope, row)
    shown = await read(shop)
    assert shown["seen_until"] == seen
    assert shown["next_at"] <= now().isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize(("days", "listed"), [(28, 0), (31, 1)])
async def test_where_events_are_kept_no_more_all_objects_are_fetched(
    shop: Shop, days: int, listed: int
) -> None:
    await request(shop)
    await change(shop, seen_until=func.now() - timedelta(days=days))
    await walk(shop)
    assert len(await payloads(shop.database, shop.tenant_id, StripeHistoryDue.name)) == listed
