"""Endpoints that fail: warned of, disabled in the end, and what they were owed held for them."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import httpx
import orjson
import pytest
from prometheus_client import REGISTRY
from sqlalchemy import delete, func, select, update

from payymo_api.core.clock import now
from payymo_api.core.db import Database
from payymo_api.core.types import EndpointId, parse_public_id
from payymo_api.edge.state import Parts
from payymo_api.messaging.models import OutboxEvent
from payymo_api.messaging.presence import Presence
from payymo_api.webhooks.gateway.aiohttp_sender import AiohttpSender
from payymo_api.webhooks.models import WebhookDelivery, WebhookHour, WebhookLane
from payymo_api.webhooks.repository import lanes, stats
from payymo_api.webhooks.repository.lanes import Key
from payymo_api.webhooks.repository.stats import Sent, added
from payymo_api.webhooks.service.drain import drain
from payymo_api.webhooks.service.health import judge
from tests.conftest import Someone
from tests.fanning_out import fan_out
from tests.webhooks.conftest import Receiver
from tests.webhooks.factories import DELIVERIES, ENDPOINTS, endpoint, happen

BROKEN = b"HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n"
OK = b"HTTP/1.1 204 No Content\r\n\r\n"


class Failing:
    """An endpoint of someone's; time is made to pass by moving what its failing began with."""

    def __init__(
        self, parts: Parts, sender: AiohttpSender, owner: Someone, made: dict[str, Any]
    ) -> None:
        self._parts, self._sender, self._owner = parts, sender, owner
        self.id: str = made["id"]
        self.place = f"{ENDPOINTS}/{self.id}"
        self.key: Key = owner.tenant_id, EndpointId(parse_public_id("we", self.id))

    async def shown(self) -> dict[str, Any]:
        found: dict[str, Any] = (await self._owner.client.get(self.place)).json()
        return found

    async def happens(self) -> None:
        """Let there be another event that it wants."""
        await happen(self._parts.database, self._owner.tenant_id)

    async def attempt(self) -> None:
        """Send what is open for it, due or not, as a worker does."""
        async with self._parts.database.system() as session:
            others = WebhookLane.tenant_id != self._owner.tenant_id
            await session.execute(update(WebhookLane).where(others).values(due_at=None))
        async with self._parts.database.scope(self._owner.tenant_id) as scope:
            pending = update(WebhookDelivery).where(WebhookDelivery.status == "pending")
            await scope.session.execute(pending.values(next_attempt_at=func.now()))
            await scope.session.execute(update(WebhookLane).values(due_at=func.now()))
        await drain(self._parts.database, self._parts.keyring, self._sender, Presence(""))

    async def fails_for(self, *, was_sent_to: bool = True, **time: float) -> None:
        """Let it have failed for so long, with an attempt yesterday, or none before this one."""
        at = now()
        async with self._parts.database.scope(self._owner.tenant_id) as scope:
            mine = update(WebhookLane).where(WebhookLane.endpoint_id == self.key[1])
            await scope.session.execute(mine.values(failing_since=at - timedelta(**time)))
            await scope.session.execute(delete(WebhookHour))
        if was_sent_to:
            yesterday = Sent(*self.key, at - timedelta(days=1), delivered=False, milliseconds=None)
            async with self._parts.database.system_write_scope() as system:
                await system.write(added([yesterday]))

    async def told(self, name: str) -> list[dict[str, Any]]:
        """Return the `data` of its owner's events of this name."""
        async with self._parts.database.scope(self._owner.tenant_id) as scope:
            named = select(OutboxEvent).where(OutboxEvent.name == name).order_by(OutboxEvent.id)
            rows = (await scope.session.scalars(named)).all()
        return [
            orjson.loads(row.body)["data"] if row.body else orjson.loads(row.data or "")
            for row in rows
        ]


@pytest.fixture
async def failing(
    parts: Parts, lenient: AiohttpSender, someone: Someone, receiver: Receiver
) -> Failing:
    """An endpoint that has just answered 500."""
    receiver.answer = BROKEN
    made = await endpoint(someone.client, receiver.url, event_types=["transaction.created"])
    failing = Failing(parts, lenient, someone, made)
    await failing.happens()
    await failing.attempt()
    return failing


async def test_a_failing_endpoint_shows_since_when_and_until_when(failing: Failing) -> None:
    first = await failing.shown()
    await failing.fails_for(hours=61)
    later = await failing.shown()

    assert first["failing_percent"] == 0
    assert first["failing_since"] < first["disables_at"]
    assert later["failing_percent"] == 50


async def test_one_delivery_and_it_is_healthy(failing: Failing, receiver: Receiver) -> None:
    receiver.answer = OK
    await failing.attempt()

    shown = await failing.shown()
    assert [shown["failing_since"], shown["failing_percent"], shown["disables_at"]] == [None] * 3
    assert len(receiver.bodies) == 2


async def test_its_owner_is_warned_of_each_step_once(failing: Failing) -> None:
    for hours in (59, 60.1, 61, 84.1, 85, 108.1):
        await failing.fails_for(hours=hours)
        await failing.attempt()

    told = await failing.told("webhook_endpoint.failing")
    shown = await failing.shown()
    assert [each["percent"] for each in told] == [50, 70, 90]
    assert {(each["id"], each["url"]) for each in told} == {(failing.id, shown["url"])}
    assert told[-1]["failing_since"] == shown["failing_since"]
    assert told[-1]["disables_at"] == shown["disables_at"]
    assert shown["status"] == "enabled"


async def test_after_five_days_it_is_disabled_and_what_it_is_owed_is_held(
    failing: Failing, someone: Someone, receiver: Receiver
) -> None:
    await failing.fails_for(days=5, minutes=1)
    await failing.attempt()
    tried = len(receiver.bodies)
    await failing.happens()
    await failing.attempt()

    shown = await failing.shown()
    assert (shown["status"], shown["disabled_reason"]) == ("disabled", "failing")
    assert (shown["failing_percent"], shown["disables_at"]) == (None, None)
    (told,) = await failing.told("webhook_endpoint.disabled")
    assert (told["id"], told["disabled_reason"]) == (failing.id, "failing")
    assert await failing.told("webhook_endpoint.failing") == []
    assert len(receiver.bodies) == tried
    assert await _statuses(someone.client) == ["pending", "pending"]


async def test_enabled_again_it_gets_what_was_held_and_the_count_starts_anew(
    failing: Failing, someone: Someone, receiver: Receiver
) -> None:
    await failing.fails_for(days=6)
    await failing.attempt()
    await failing.happens()
    wanted = {"url": receiver.url, "event_types": ["transaction.created"]}
    enabled = await someone.client.put(failing.place, json=wanted)
    receiver.answer = OK
    await failing.attempt()

    assert enabled.json()["status"] == "enabled"
    assert enabled.json()["failing_since"] is None
    assert await _statuses(someone.client) == ["delivered", "delivered"]


async def test_a_pause_starts_the_count_anew(failing: Failing, someone: Someone) -> None:
    await failing.fails_for(hours=61)
    await failing.attempt()
    paused = await someone.client.post(f"{failing.place}/pause")
    resumed = await someone.client.post(f"{failing.place}/resume")
    await failing.attempt()

    assert paused.json()["failing_percent"] is None
    assert resumed.json()["failing_since"] is None
    assert (await failing.shown())["failing_percent"] == 0
    await failing.fails_for(hours=61)
    await failing.attempt()
    told = await failing.told("webhook_endpoint.failing")
    assert [each["percent"] for each in told] == [50, 50]


async def test_a_failure_long_after_another_starts_the_count_anew(failing: Failing) -> None:
    """What nothing was sent to for days has not failed all the time."""
    await failing.fails_for(days=30, was_sent_to=False)
    await failing.attempt()

    shown = await failing.shown()
    assert (shown["status"], shown["failing_percent"]) == ("enabled", 0)
    assert await failing.told("webhook_endpoint.failing") == []


async def test_judged_many_times_at_once_it_is_told_of_once(
    failing: Failing, database: Database
) -> None:
    await failing.fails_for(hours=61)
    await asyncio.gather(*(judge(database, [failing.key]) for _ in range(5)))
    await failing.fails_for(days=5, minutes=1)
    await asyncio.gather(*(judge(database, [failing.key]) for _ in range(5)))

    assert len(await failing.told("webhook_endpoint.failing")) == 1
    assert len(await failing.told("webhook_endpoint.disabled")) == 1


async def test_endpoints_of_many_tenants_are_judged_together(
    failing: Failing, parts: Parts, lenient: AiohttpSender, stranger: Someone, receiver: Receiver
) -> None:
    made = await endpoint(stranger.client, receiver.url)
    foreign = Failing(parts, lenient, stranger, made)
    await failing.fails_for(hours=61)
    await foreign.fails_for(days=5, minutes=1)

    await judge(parts.database, [failing.key, foreign.key])

    assert (await foreign.shown())["disabled_reason"] == "failing"
    assert [each["id"] for each in await failing.told("webhook_endpoint.failing")] == [failing.id]
    assert await failing.told("webhook_endpoint.disabled") == []
    assert [each["id"] for each in await foreign.told("webhook_endpoint.disabled")] == [foreign.id]


async def test_every_attempt_is_counted(
    failing: Failing, client: httpx.AsyncClient, receiver: Receiver
) -> None:
    """Two that were answered 500, one that was not answered, one that was delivered."""
    await failing.attempt()
    receiver.answer = b""
    await failing.attempt()
    receiver.answer = OK
    await failing.attempt()

    found = (await client.get(f"{failing.place}/metrics")).json()
    assert (found["delivered"], found["failed"], found["success_rate"]) == (1, 3, 0.25)
    assert found["p99_ms"] is not None


async def test_the_process_measures_what_it_sends(failing: Failing, receiver: Receiver) -> None:
    """Of what is delivered at the first attempt, the time from the event on; of nothing else."""
    names: list[tuple[str, dict[str, str]]] = [
        ("payymo_webhook_attempts_total", {"outcome": "delivered"}),
        ("payymo_webhook_attempts_total", {"outcome": "failed"}),
        ("payymo_webhook_receipt_seconds_count", {}),
    ]
    before = [REGISTRY.get_sample_value(*name) or 0 for name in names]
    await failing.attempt()
    receiver.answer = OK
    await failing.attempt()
    await failing.happens()
    await failing.attempt()

    after = [REGISTRY.get_sample_value(*name) or 0 for name in names]
    assert [late - early for early, late in zip(before, after, strict=True)] == [2, 1, 1]


async def test_an_endpoint_that_no_worker_serves_is_noticed(
    failing: Failing, database: Database
) -> None:
    async with database.scope(failing.key[0]) as scope:
        hour_ago = func.now() - timedelta(hours=1)
        await scope.session.execute(update(WebhookLane).values(due_at=hour_ago))

    assert await lanes.oldest_seconds(database) >= 3600


async def test_what_waits_is_counted_and_has_an_age(
    failing: Failing, someone: Someone, database: Database
) -> None:
    ordered = {"event_types": ["transaction.created"], "ordering": "endpoint"}
    other = await endpoint(someone.client, "https://example.com/payymo", **ordered, paused=True)
    for _ in range(2):
        await failing.happens()
    await fan_out(database)
    async with database.scope(someone.tenant_id) as scope:
        older = func.now() - timedelta(hours=1)
        await scope.session.execute(update(WebhookDelivery).values(created_at=older))

    metrics = await someone.client.get(f"{failing.place}/metrics")
    text = (await someone.client.get(f"{ENDPOINTS}/metrics")).text

    shown = metrics.json()
    assert (shown["status"], shown["waiting"], shown["failing_percent"]) == ("enabled", 3, 0)
    assert shown["queue_age_seconds"] >= 3600
    assert shown["failing_since"] == (await failing.shown())["failing_since"]
    assert f'payymo_webhook_endpoint_waiting{{endpoint_id="{failing.id}"}} 3.0' in text
    assert f'payymo_webhook_endpoint_waiting{{endpoint_id="{other["id"]}"}} 2.0' in text
    assert f'payymo_webhook_endpoint_active{{endpoint_id="{other["id"]}"}} 0.0' in text


async def test_so_many_may_wait_that_they_are_not_all_counted(
    failing: Failing, database: Database
) -> None:
    tenant_id, id = failing.key
    async with database.scope(tenant_id) as scope:
        assert (await stats.waiting(scope, [id], 1))[id].deliveries == 1
        assert (await stats.waiting(scope, [id], 0))[id] == (0, None)


async def _statuses(client: httpx.AsyncClient) -> Sequence[str]:
    found = (await client.get(DELIVERIES)).json()["data"]
    return [each["status"] for each in found]
