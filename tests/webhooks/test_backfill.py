"""`GET /events`: what a consumer reads that was down, by its place, its kind and its time."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from payymo_api.banking.events import TransactionCreated, TransactionRemoved
from payymo_api.core.clock import now, rfc3339
from payymo_api.core.db import Database
from payymo_api.core.types import TenantId
from payymo_api.invoicing.events import InvoicePaid
from payymo_api.messaging import outbox
from payymo_api.messaging.models import OutboxEvent
from tests.conftest import Someone
from tests.events import data_of
from tests.fanning_out import fan_out
from tests.webhooks.factories import DATA, EVENTS, happen


async def _page(client: httpx.AsyncClient, **filters: str | int) -> dict[str, Any]:
    answer = await client.get(EVENTS, params=filters)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def _sequences(client: httpx.AsyncClient, **filters: str | int) -> Sequence[int]:
    return [each["sequence"] for each in (await _page(client, **filters))["data"]]


async def _of_three_kinds(database: Database, tenant_id: TenantId) -> None:
    kinds = TransactionCreated, TransactionRemoved, InvoicePaid
    async with database.scope(tenant_id) as scope:
        await outbox.record(scope, *[kind(data=data_of(kind.name)) for kind in kinds])
    await fan_out(database)


@asynccontextmanager
async def _committed_late(database: Database, tenant_id: TenantId) -> AsyncIterator[None]:
    """An event that is recorded before what happens inside, and committed after it."""
    async with database.scope(tenant_id) as scope:
        await outbox.record(scope, TransactionCreated(data=DATA))
        yield


async def test_who_was_down_reads_everything_once_while_more_happens(
    someone: Someone, database: Database
) -> None:
    """More comes at every page, and what was recorded first is committed last."""
    seen: list[int] = []
    for _ in range(5):
        await happen(database, someone.tenant_id)
    await fan_out(database)
    async with _committed_late(database, someone.tenant_id):
        cursor: str | None = None
        for _ in range(4):
            await happen(database, someone.tenant_id)
            await fan_out(database)
            page = await _page(someone.client, limit=2, **({"cursor": cursor} if cursor else {}))
            seen += [each["sequence"] for each in page["data"]]
            cursor = page["next_cursor"]
    await fan_out(database)

    while (page := await _page(someone.client, limit=2, after_sequence=seen[-1]))["data"]:
        seen += [each["sequence"] for each in page["data"]]

    assert seen == list(range(1, 11))


async def test_a_page_goes_on_where_its_filters_hold(someone: Someone, database: Database) -> None:
    for _ in range(3):
        await _of_three_kinds(database, someone.tenant_id)

    first = await _page(someone.client, event_type="transaction.*", after_sequence=1, limit=3)
    rest = await _page(
        someone.client,
        event_type="transaction.*",
        after_sequence=1,
        limit=3,
        cursor=first["next_cursor"],
    )

    assert [each["sequence"] for each in first["data"]] == [2, 4, 5]
    assert [each["sequence"] for each in rest["data"]] == [7, 8]
    assert rest["next_cursor"] is None


@pytest.mark.parametrize(
    ("pattern", "sequences"),
    [
        ("transaction.created", [1]),
        ("transaction.*", [1, 2]),
        ("invoice.*", [3]),
        ("*", [1, 2, 3]),
        ("stripe_payment.*", []),
    ],
)
async def test_events_are_found_by_their_kind(
    someone: Someone, database: Database, pattern: str, sequences: list[int]
) -> None:
    await _of_three_kinds(database, someone.tenant_id)

    assert await _sequences(someone.client, event_type=pattern) == sequences


async def test_events_are_found_by_their_time(someone: Someone, database: Database) -> None:
    await _of_three_kinds(database, someone.tenant_id)
    noon = now().replace(microsecond=0) - timedelta(days=3)
    for number in (1, 2, 3):
        async with database.scope(someone.tenant_id) as scope:
            await scope.session.execute(
                update(OutboxEvent)
                .where(OutboxEvent.sequence == number)
                .values(occurred_at=noon + timedelta(hours=number))
            )

    one, two, three = (rfc3339(noon + timedelta(hours=each)) for each in (1, 2, 3))
    assert await _sequences(someone.client, since=two) == [2, 3]
    assert await _sequences(someone.client, until=two) == [1, 2]
    assert await _sequences(someone.client, since=two, until=two) == [2]
    assert await _sequences(someone.client, since=three, until=one) == []


@pytest.mark.parametrize(
    "filters", [{"event_type": "transaction"}, {"after_sequence": "-1"}, {"until": "yesterday"}]
)
async def test_a_filter_that_means_nothing_is_named(
    client: httpx.AsyncClient, filters: dict[str, str]
) -> None:
    answer = await client.get(EVENTS, params=filters)

    [pointer] = [f"/{name}" for name in filters]
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
