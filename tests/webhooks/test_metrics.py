"""What was sent, counted by the hour, and what endpoints' owners see of it."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import select

from payymo_api.core import clock
from payymo_api.core.clock import now
from payymo_api.core.db import Database
from payymo_api.core.types import EndpointId, TenantId, new_id, parse_public_id
from payymo_api.webhooks.models import WebhookHour
from payymo_api.webhooks.repository import stats
from payymo_api.webhooks.repository.stats import Sent, added
from tests.conftest import Someone
from tests.webhooks.factories import ENDPOINTS, endpoint

HOUR = datetime(2026, 3, 2, 9, tzinfo=UTC)
URL = "https://example.com/payymo"


async def _add(database: Database, *attempts: Sent) -> None:
    async with database.system_write_scope() as scope:
        await scope.write(added(attempts))


async def _hours(database: Database, tenant_id: TenantId) -> Sequence[WebhookHour]:
    async with database.scope(tenant_id) as scope:
        ordered = select(WebhookHour).order_by(WebhookHour.endpoint_id, WebhookHour.hour)
        return (await scope.session.scalars(ordered)).all()


def _new_endpoint() -> EndpointId:
    return EndpointId(new_id())


async def test_attempts_are_counted_in_their_hour(database: Database, tenant_id: TenantId) -> None:
    id = _new_endpoint()
    late = HOUR + timedelta(minutes=59, seconds=59.9)

    await _add(
        database,
        Sent(tenant_id, id, late, delivered=True, milliseconds=1),
        Sent(tenant_id, id, HOUR, delivered=False, milliseconds=4),
        Sent(tenant_id, id, HOUR, delivered=False, milliseconds=None),
        Sent(tenant_id, id, HOUR + timedelta(hours=1), delivered=False, milliseconds=None),
    )

    first, second = await _hours(database, tenant_id)
    assert (first.hour, first.delivered, first.failed, first.milliseconds) == (HOUR, 1, 2, 5)
    assert first.buckets == [1, 0, 0, 0, 0, 0, 0, 0, 1]
    assert (second.delivered, second.failed, second.buckets) == (0, 1, [])


async def test_what_comes_later_is_added_whatever_its_length(
    database: Database, tenant_id: TenantId
) -> None:
    id = _new_endpoint()
    for milliseconds in (4, 1, None, 8, 8):
        await _add(database, Sent(tenant_id, id, HOUR, delivered=True, milliseconds=milliseconds))

    (row,) = await _hours(database, tenant_id)
    assert (row.delivered, row.milliseconds) == (5, 21)
    assert row.buckets == [1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2]


async def test_two_workers_count_for_the_same_endpoints_and_neither_waits_in_a_ring(
    database: Database, someone: Someone, stranger: Someone
) -> None:
    keys = [
        (owner, _new_endpoint())
        for owner in (someone.tenant_id, stranger.tenant_id)
        for _ in range(50)
    ]
    attempts = [Sent(*key, HOUR, delivered=True, milliseconds=2) for key in keys]

    await asyncio.gather(
        *(_add(database, *order) for order in (attempts, attempts[::-1]) for _ in range(5))
    )

    for owner in (someone.tenant_id, stranger.tenant_id):
        rows = await _hours(database, owner)
        assert [row.delivered for row in rows] == [10] * 50
        assert {tuple(row.buckets) for row in rows} == {(0, 0, 0, 0, 10)}


async def test_hours_are_forgotten_after_thirty_days(
    database: Database, tenant_id: TenantId
) -> None:
    id, at = _new_endpoint(), now()
    kept, old = at - stats.KEPT + timedelta(hours=1), at - stats.KEPT - timedelta(hours=1)
    await _add(
        database,
        *(Sent(tenant_id, id, each, delivered=True, milliseconds=2) for each in (kept, old)),
    )

    while await stats.forget_old(database):
        pass

    (row,) = await _hours(database, tenant_id)
    assert row.hour == kept.replace(minute=0, second=0, microsecond=0)


async def test_an_endpoint_shows_its_figures(
    someone: Someone, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await endpoint(someone.client, URL)
    id = EndpointId(parse_public_id("we", made["id"]))
    at = HOUR + timedelta(minutes=30)
    monkeypatch.setattr(clock, "source", lambda: at)
    before = at - timedelta(hours=23)
    await _add(
        database,
        *[Sent(someone.tenant_id, id, at, delivered=True, milliseconds=16)] * 98,
        Sent(someone.tenant_id, id, at, delivered=False, milliseconds=1024),
        Sent(someone.tenant_id, id, before, delivered=False, milliseconds=None),
        Sent(someone.tenant_id, id, at - timedelta(hours=24), delivered=True, milliseconds=1),
        Sent(someone.tenant_id, _new_endpoint(), at, delivered=True, milliseconds=1),
    )

    shown = (await someone.client.get(f"{ENDPOINTS}/{made['id']}/metrics")).json()
    longer = await someone.client.get(f"{ENDPOINTS}/{made['id']}/metrics?hours=25")

    assert (shown["delivered"], shown["failed"], shown["success_rate"]) == (98, 2, 0.98)
    assert (shown["p50_ms"], shown["p95_ms"], shown["p99_ms"]) == (15, 15, 939)
    assert [(each["delivered"], each["failed"]) for each in shown["hours"]] == [(0, 1), (98, 1)]
    assert [each["p99_ms"] for each in shown["hours"]] == [None, 939]
    assert shown["since"] == shown["hours"][0]["hour"]
    assert longer.json()["delivered"] == 99


async def test_an_endpoint_that_was_sent_nothing_has_no_rate(client: httpx.AsyncClient) -> None:
    made = await endpoint(client, URL)

    shown = (await client.get(f"{ENDPOINTS}/{made['id']}/metrics")).json()

    assert (shown["delivered"], shown["success_rate"], shown["p99_ms"]) == (0, None, None)
    assert shown["hours"] == []


@pytest.mark.parametrize("hours", ["0", "721", "a day"])
async def test_asks_for_a_sensible_span(client: httpx.AsyncClient, hours: str) -> None:
    made = await endpoint(client, URL)

    answer = await client.get(f"{ENDPOINTS}/{made['id']}/metrics", params={"hours": hours})

    assert answer.json()["errors"][0]["pointer"] == "/hours"


async def test_prometheus_reads_all_endpoints(
    someone: Someone, stranger: Someone, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy, idle = await endpoint(someone.client, URL), await endpoint(someone.client, URL)
    foreign = await endpoint(stranger.client, URL)
    id = EndpointId(parse_public_id("we", busy["id"]))
    at = HOUR + timedelta(minutes=30)
    monkeypatch.setattr(clock, "source", lambda: at)
    await _add(
        database,
        *[Sent(someone.tenant_id, id, at, delivered=True, milliseconds=16)] * 3,
        Sent(someone.tenant_id, id, HOUR.replace(hour=0), delivered=True, milliseconds=17),
        Sent(someone.tenant_id, id, at, delivered=False, milliseconds=90_000),
        Sent(someone.tenant_id, id, at, delivered=False, milliseconds=None),
        Sent(someone.tenant_id, id, at - timedelta(hours=10), delivered=True, milliseconds=16),
    )

    answer = await someone.client.get(f"{ENDPOINTS}/metrics")

    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    found = _samples(answer.text)
    attempts, answers = "payymo_webhook_endpoint_attempts", "payymo_webhook_endpoint_answer_seconds"
    assert found[f"{attempts}_total", busy["id"], "delivered"] == 4
    assert found[f"{attempts}_total", busy["id"], "failed"] == 2
    assert found[f"{attempts}_total", idle["id"], "failed"] == 0
    assert found[f"{answers}_bucket", busy["id"], "0.008"] == 0
    assert found[f"{answers}_bucket", busy["id"], "0.016"] == 3
    assert found[f"{answers}_bucket", busy["id"], "32.768"] == 4
    assert found[f"{answers}_bucket", busy["id"], "+Inf"] == 5
    assert found[f"{answers}_count", busy["id"]] == 5
    assert found[f"{answers}_sum", busy["id"]] == 90.065
    assert found["payymo_webhook_endpoint_active", busy["id"]] == 1
    assert found["payymo_webhook_endpoint_failing_percent", busy["id"]] == 0
    assert foreign["id"] not in answer.text
    assert str(someone.tenant_id) not in answer.text


def _samples(text: str) -> dict[tuple[str, ...], float]:
    """Return what a Prometheus parser reads: name and the labels' values -> value."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
