"""The outbox and its relay: nothing lost, nothing numbered twice, nothing announced too early."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from payymo_api.banking.events import TransactionCreated, TransactionsSynced
from payymo_api.core.clock import now
from payymo_api.core.db import Database
from payymo_api.core.errors import Conflict, ProviderUnavailable
from payymo_api.core.settings import Settings
from payymo_api.core.types import AccountId, EventId, TenantId, new_id
from payymo_api.messaging import outbox, relay
from payymo_api.messaging.models import OutboxEvent
from payymo_api.messaging.queue import ENOUGH_WAITING, Job, QueueName
from payymo_api.messaging.work import perform
from payymo_api.webhooks.service.fan_out import FanOut
from tests.events import data_of
from tests.fanning_out import fan_out
from tests.messaging.conftest import present

SYNCED = TransactionsSynced(account_id=AccountId(new_id()))
JOBS = {TransactionsSynced.name: Job("match_arrivals", "sync")}


class Listed:
    """A queue that remembers what was put into it."""

    def __init__(self, waiting: int = 0) -> None:
        self.jobs: list[tuple[TenantId, str, int]] = []
        self.number = -1
        self._waiting = waiting

    async def enqueue(self, job: Job, tenant_id: TenantId, id: str, attempt: int) -> None:
        self.jobs.append((tenant_id, id, attempt))

    async def waiting(self, queue: QueueName) -> int:
        return self._waiting

    async def life(self) -> int:
        return self.number

    def of(self, tenant_id: TenantId) -> list[int]:
        return [attempt for owner, _, attempt in self.jobs if owner == tenant_id]


async def _events(database: Database, tenant_id: TenantId) -> list[OutboxEvent]:
    async with database.scope(tenant_id) as scope:
        return list(await scope.session.scalars(select(OutboxEvent).order_by(OutboxEvent.id)))


async def _record(database: Database, tenant_id: TenantId) -> EventId:
    async with database.scope(tenant_id) as scope:
        await outbox.record(scope, SYNCED)
    [event] = await _events(database, tenant_id)
    return event.id


async def _relay_all(database: Database, queue: Listed) -> None:
    """Other tests' events are due too: relay until nothing is."""
    while await relay.relay(database, queue, JOBS):
        pass


async def test_sequences_have_no_gaps_under_writers_and_relays(
    database: Database, tenant_id: TenantId
) -> None:
    writing = asyncio.Event()

    async def write(number: int) -> None:
        for _ in range(5):
            async with database.scope(tenant_id) as scope:
                await outbox.record(
                    scope, TransactionCreated(data=data_of("transaction.created", note=str(number)))
                )

    async def number() -> None:
        while not writing.is_set():
            await FanOut(database).batch()

    relays = [asyncio.create_task(number()) for _ in range(2)]
    await asyncio.gather(*(write(number) for number in range(20)))
    writing.set()
    await asyncio.gather(*relays)
    await fan_out(database)

    events = await _events(database, tenant_id)
    assert sorted(event.sequence or 0 for event in events) == list(range(1, 101))
    assert all(f'"sequence":{event.sequence},'.encode() in (event.body or b"") for event in events)


async def test_what_is_rolled_back_never_happened(database: Database, tenant_id: TenantId) -> None:
    with pytest.raises(Conflict):  # noqa: PT012  the transaction is what is tried
        async with database.scope(tenant_id) as scope:
            await outbox.record(scope, SYNCED)
            raise Conflict("the rest of the use case failed")

    assert await _events(database, tenant_id) == []


async def test_a_job_is_issued_once_until_its_lease_ends(
    database: Database, tenant_id: TenantId
) -> None:
    await _record(database, tenant_id)
    queue = Listed()

    await _relay_all(database, queue)
    await _relay_all(database, queue)
    assert queue.of(tenant_id) == [1]
    async with database.scope(tenant_id) as scope:
        await scope.session.execute(update(OutboxEvent).values(leased_until=func.now()))
    await _relay_all(database, queue)

    assert queue.of(tenant_id) == [1, 2]


async def test_what_a_lost_queue_held_is_issued_again_at_once(
    database: Database, tenant_id: TenantId
) -> None:
    await _record(database, tenant_id)
    queue = Listed()

    await _relay_all(database, queue)
    queue.number = -2
    await _relay_all(database, queue)

    assert queue.of(tenant_id) == [1, 2]


async def test_what_a_worker_has_is_issued_again_when_it_dies_and_not_before(
    settings: Settings, database: Database, tenant_id: TenantId
) -> None:
    id = await _record(database, tenant_id)
    queue = Listed()
    async with present(settings) as worker:
        assert await relay.take(database, tenant_id, id, worker)
        queue.number = -2
        await _relay_all(database, queue)
        assert queue.of(tenant_id) == []

    await _relay_all(database, queue)

    assert queue.of(tenant_id) == [1]


async def test_a_second_job_leaves_an_event_to_the_worker_that_has_it(
    settings: Settings, database: Database, tenant_id: TenantId
) -> None:
    id = await _record(database, tenant_id)
    async with present(settings) as worker:
        assert await relay.take(database, tenant_id, id, worker)
        assert await relay.take(database, tenant_id, id, worker) is None


async def test_a_worker_that_was_taken_for_dead_can_not_finish_for_another(
    settings: Settings, database: Database, tenant_id: TenantId
) -> None:
    id = await _record(database, tenant_id)
    async with present(settings) as first:
        late = await relay.take(database, tenant_id, id, first)
    assert late
    async with present(settings) as second:
        taken_over = await relay.take(database, tenant_id, id, second)
        assert taken_over

        await relay.finish(database, late)
        await relay.postpone(database, late, "too_late", 0)
        [event] = await _events(database, tenant_id)
        assert (event.done_at, event.error, event.leased_by) == (None, None, second)
        await relay.finish(database, taken_over)

    [event] = await _events(database, tenant_id)
    assert event.done_at


async def test_the_lease_of_a_worker_without_a_number_holds_until_its_time(
    database: Database, tenant_id: TenantId
) -> None:
    """Behind a pooler no worker has one: what was queued twice is not at work twice."""
    id = await _record(database, tenant_id)

    first = await relay.take(database, tenant_id, id, None)
    second = await relay.take(database, tenant_id, id, None)

    assert first is not None
    assert second is None


async def test_a_full_queue_gets_no_more(database: Database, tenant_id: TenantId) -> None:
    await _record(database, tenant_id)
    full = Listed(waiting=ENOUGH_WAITING)

    await relay.relay(database, full, JOBS)

    assert full.jobs == []


async def test_a_finished_event_is_not_performed_again(
    database: Database, tenant_id: TenantId
) -> None:
    id = await _record(database, tenant_id)
    acted: list[dict[str, Any]] = []

    async def act(_: TenantId, payload: dict[str, Any]) -> None:
        acted.append(payload)

    await perform(database, act, tenant_id, id)
    await perform(database, act, tenant_id, id)

    assert acted == [SYNCED.model_dump(mode="json")]
    [event] = await _events(database, tenant_id)
    assert event.done_at


async def test_a_refused_job_waits_as_long_as_the_provider_asks(
    database: Database, tenant_id: TenantId
) -> None:
    id = await _record(database, tenant_id)

    async def act(_: TenantId, __: dict[str, Any]) -> None:
        raise ProviderUnavailable("The bank is closed.", retry_after=3600)

    await perform(database, act, tenant_id, id)

    [event] = await _events(database, tenant_id)
    assert (event.done_at, event.error) == (None, "provider_unavailable")
    assert event.due_at > now() + timedelta(minutes=50)
    queue = Listed()
    await _relay_all(database, queue)
    assert queue.of(tenant_id) == []


async def test_a_crashed_job_is_put_off_and_the_crash_is_told(
    database: Database, tenant_id: TenantId
) -> None:
    id = await _record(database, tenant_id)

    async def act(_: TenantId, __: dict[str, Any]) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await perform(database, act, tenant_id, id)

    [event] = await _events(database, tenant_id)
    assert (event.done_at, event.leased_until, event.error) == (None, None, "internal_error")
    assert event.attempts == 1
    assert event.due_at > event.occurred_at


def test_pauses_grow_to_an_hour_and_never_beyond() -> None:
    shortest = [relay.backoff(attempt, 0.0) for attempt in (1, 2, 3, 30)]
    longest = [relay.backoff(attempt, 1.0) for attempt in (1, 2, 3, 30)]

    assert shortest == [1.0, 2.0, 4.0, 1800.0]
    assert longest == [2.0, 4.0, 8.0, 3600.0]


async def test_done_internal_events_are_forgotten_after_a_week(
    database: Database, tenant_id: TenantId
) -> None:
    async with database.scope(tenant_id) as scope:
        await outbox.record(scope, SYNCED, SYNCED, SYNCED)
    old, young, undone = await _events(database, tenant_id)
    async with database.scope(tenant_id) as scope:
        for event, days in ((old, 8), (young, 6)):
            await scope.session.execute(
                update(OutboxEvent)
                .where(OutboxEvent.id == event.id)
                .values(done_at=now() - timedelta(days=days))
            )

    while await relay.forget_old(database):
        pass

    assert [event.id for event in await _events(database, tenant_id)] == [young.id, undone.id]
