"""The inbox: a message is kept once, a swarm is one piece of work, and a failure loses nothing."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from payymo_api.core.db import Database
from payymo_api.core.errors import ProviderUnavailable
from payymo_api.core.types import TenantId, new_id
from payymo_api.messaging import inbox
from payymo_api.messaging.inbox import Message
from payymo_api.messaging.leases import Lease
from payymo_api.messaging.models import InboxMessage
from payymo_api.messaging.queue import ENOUGH_WAITING, Job
from tests.messaging.test_outbox import Listed

JOBS = {"stripe": Job("read_stripe", "webhook")}
LEASE = Lease(None, timedelta(seconds=30))
CONNECTION = new_id()


def told(tenant_id: TenantId, id: str, subject: str = "payment_intent/pi_1") -> Message:
    return Message(tenant_id, CONNECTION, id, "payment_intent.succeeded", subject)


async def keep(database: Database, *messages: Message) -> int:
    async with database.system_write_scope() as scope:
        return await inbox.keep(scope, "stripe", messages)


async def kept(database: Database, tenant_id: TenantId) -> list[InboxMessage]:
    async with database.scope(tenant_id) as scope:
        found = select(InboxMessage).order_by(InboxMessage.id)
        return list(await scope.session.scalars(found))


async def issue_all(database: Database, queue: Listed) -> None:
    """Other tests' messages are due too: issue until none is."""
    while await inbox.issue(database, queue, JOBS):
        pass


async def perform(database: Database, row: InboxMessage, seen: list[UUID]) -> None:
    """Deal with the message as if Stripe were asked just now."""

    async def act(message: InboxMessage) -> datetime:
        seen.append(message.id)
        async with database.scope(row.tenant_id) as scope:
            moment: datetime | None = await scope.session.scalar(select(func.clock_timestamp()))
        assert moment
        return moment

    await inbox.perform(database, act, row.tenant_id, row.id, LEASE)


async def make_due(database: Database, tenant_id: TenantId) -> None:
    async with database.scope(tenant_id) as scope:
        await scope.session.execute(update(InboxMessage).values(due_at=func.now()))


async def test_a_message_is_kept_once(database: Database, tenant_id: TenantId) -> None:
    assert await keep(database, told(tenant_id, "evt_1"), told(tenant_id, "evt_1")) == 1
    assert await keep(database, told(tenant_id, "evt_1"), told(tenant_id, "evt_2")) == 1
    assert [row.message_id for row in await kept(database, tenant_id)] == ["evt_1", "evt_2"]


async def test_many_keep_the_same_messages_at_once(database: Database, tenant_id: TenantId) -> None:
    messages = [told(tenant_id, f"evt_{number}") for number in range(50)]
    counts = await asyncio.gather(
        keep(database, *messages), keep(database, *reversed(messages)), keep(database, *messages)
    )
    assert sum(counts) == 50


async def test_without_a_subject_nothing_is_to_be_done(
    database: Database, tenant_id: TenantId
) -> None:
    await keep(database, told(tenant_id, "evt_1", subject=""))
    queue = Listed()
    await issue_all(database, queue)
    assert queue.of(tenant_id) == []
    assert (await kept(database, tenant_id))[0].done_at


async def test_a_swarm_is_one_job(database: Database, tenant_id: TenantId) -> None:
    others = [told(tenant_id, f"evt_b{number}", subject="refund/re_1") for number in range(3)]
    await keep(database, *(told(tenant_id, f"evt_a{number}") for number in range(9)), *others)
    queue = Listed()
    await issue_all(database, queue)
    assert len(queue.of(tenant_id)) == 2

    seen: list[UUID] = []
    await perform(database, (await kept(database, tenant_id))[0], seen)
    done = [row.subject for row in await kept(database, tenant_id) if row.done_at]
    assert done == ["payment_intent/pi_1"] * 9


async def test_what_is_done_is_not_done_again(database: Database, tenant_id: TenantId) -> None:
    await keep(database, told(tenant_id, "evt_1"), told(tenant_id, "evt_2"))
    seen: list[UUID] = []
    for row in await kept(database, tenant_id):
        await perform(database, row, seen)
    assert len(seen) == 1


async def test_a_message_that_came_after_the_look_waits_for_another(
    database: Database, tenant_id: TenantId
) -> None:
    await keep(database, told(tenant_id, "evt_1"))
    [first] = await kept(database, tenant_id)

    async def act(message: InboxMessage) -> datetime:
        await keep(database, told(tenant_id, "evt_2"))
        return message.received_at

    await inbox.perform(database, act, tenant_id, first.id, LEASE)
    assert [bool(row.done_at) for row in await kept(database, tenant_id)] == [True, False]


async def test_a_failure_puts_the_swarm_off_and_loses_nothing(
    database: Database, tenant_id: TenantId
) -> None:
    await keep(database, told(tenant_id, "evt_1"), told(tenant_id, "evt_2"))
    [first, _] = await kept(database, tenant_id)

    async def act(_: InboxMessage) -> datetime:
        raise ProviderUnavailable("Stripe is away.", retry_after=600)

    await inbox.perform(database, act, tenant_id, first.id, LEASE)
    rows = await kept(database, tenant_id)
    assert {(row.attempts, row.error, row.done_at) for row in rows} == {
        (1, "provider_unavailable", None)
    }
    assert all(row.due_at - row.received_at > timedelta(seconds=590) for row in rows)

    seen: list[UUID] = []
    await perform(database, first, seen)
    assert seen == []
    await make_due(database, tenant_id)
    await perform(database, first, seen)
    assert all(row.done_at and not row.error for row in await kept(database, tenant_id))


async def test_a_crash_is_heard_and_tried_again(database: Database, tenant_id: TenantId) -> None:
    await keep(database, told(tenant_id, "evt_1"))
    [row] = await kept(database, tenant_id)

    async def act(_: InboxMessage) -> datetime:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await inbox.perform(database, act, tenant_id, row.id, LEASE)
    [row] = await kept(database, tenant_id)
    assert (row.error, row.done_at) == ("internal_error", None)


async def test_a_lost_queue_is_issued_again(database: Database, tenant_id: TenantId) -> None:
    await keep(database, told(tenant_id, "evt_1"))
    queue = Listed()
    await issue_all(database, queue)
    await issue_all(database, queue)
    assert queue.of(tenant_id) == [1]
    queue.number = -2
    await issue_all(database, queue)
    assert queue.of(tenant_id) == [1, 2]


async def test_a_full_queue_gets_no_more(database: Database, tenant_id: TenantId) -> None:
    await keep(database, told(tenant_id, "evt_1"))
    queue = Listed(waiting=ENOUGH_WAITING)
    assert await inbox.issue(database, queue, JOBS) == 0


async def test_what_is_done_is_forgotten_in_the_end(
    database: Database, tenant_id: TenantId
) -> None:
    await keep(database, told(tenant_id, "evt_old", ""), told(tenant_id, "evt_new", ""))
    await keep(database, told(tenant_id, "evt_undone"))
    async with database.scope(tenant_id) as scope:
        old = update(InboxMessage).where(InboxMessage.message_id != "evt_new")
        await scope.session.execute(old.values(received_at=func.now() - inbox.KEPT * 2))
    while await inbox.forget_old(database):
        pass
    assert {row.message_id for row in await kept(database, tenant_id)} == {"evt_new", "evt_undone"}
    assert await inbox.oldest_seconds(database) > 0
