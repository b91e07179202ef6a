"""What providers tell: each message is kept once, and dealt with at least once.

A swarm of messages that name one subject is dealt with by one job, as if it were one message.
"""

import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, CursorResult, and_, delete, func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from payymo_api.core import log
from payymo_api.core.db import AnyScope, Database, Scope
from payymo_api.core.errors import PayymoError
from payymo_api.core.types import TenantId, new_id
from payymo_api.messaging.leases import Lease, may_issue, may_take
from payymo_api.messaging.models import InboxMessage
from payymo_api.messaging.queue import Job, Queue, has_room
from payymo_api.messaging.relay import BATCH, LEASE, backoff

KEPT = timedelta(days=35)
"""One that comes again later would be taken for a new one; Stripe tells of 30 days at the most."""
_FORGOTTEN_AT_ONCE = 5000
_KEEP = """
INSERT INTO inbox_messages
  (tenant_id, id, source, connection_id, message_id, type, subject, done_at)
SELECT tenant_id, id, $1, connection_id, message_id, type, subject,
  CASE WHEN subject = '' THEN now() END
FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[])
  AS told (tenant_id, id, connection_id, message_id, type, subject)
ON CONFLICT (tenant_id, connection_id, message_id) DO NOTHING
RETURNING id
"""
_log = log.get(__name__)
Act = Callable[[InboxMessage], Awaitable[datetime]]
"""Deals with a message; all of its subject that came no later than the answer are dealt with."""


@dataclass(frozen=True, slots=True, order=True)
class Message:
    """A provider's message; without a `subject` it is kept, and nothing follows from it."""

    tenant_id: TenantId
    connection_id: UUID
    message_id: str
    type: str
    subject: str


async def keep(scope: AnyScope, source: str, messages: Sequence[Message]) -> int:
    """Keep those that are new, and return how many; in one order, so that none waits in a ring.

    Whoever keeps some wakes the workers by `outbox.wake`, then or a little later.
    """
    if not messages:
        return 0
    rows = sorted(set(messages))
    values = [
        [row.tenant_id for row in rows],
        [new_id() for _ in rows],
        [row.connection_id for row in rows],
        [row.message_id for row in rows],
        [row.type for row in rows],
        [row.subject for row in rows],
    ]
    return len(await scope.fetch(_KEEP, source, *values))


async def issue(database: Database, queue: Queue, jobs: Mapping[str, Job]) -> int:
    """Make a job for each subject of which messages are due; return how many those are."""
    roomy = [source for source, job in jobs.items() if await has_room(queue, job.queue)]
    life = await queue.life()
    async with database.system() as session:
        due = await _lease(session, roomy, life)
    for row in {(row.tenant_id, row.connection_id, row.subject): row for row in due}.values():
        await queue.enqueue(jobs[row.source], row.tenant_id, str(row.id), row.issues)
    return len(due)


async def _lease(session: AsyncSession, sources: list[str], life: int) -> list[InboxMessage]:
    due = (
        select(InboxMessage.tenant_id, InboxMessage.id)
        .where(
            InboxMessage.done_at.is_(None),
            InboxMessage.source.in_(sources),
            InboxMessage.due_at <= func.now(),
            may_issue(InboxMessage, life),
        )
        .order_by(InboxMessage.due_at)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    claimed = (await session.execute(due)).all()
    statement = (
        update(InboxMessage)
        .where(tuple_(InboxMessage.tenant_id, InboxMessage.id).in_([tuple(row) for row in claimed]))
        .values(leased_until=func.now() + LEASE, leased_by=life, issues=InboxMessage.issues + 1)
        .returning(InboxMessage)
    )
    rows = await session.scalars(statement) if claimed else ()
    return sorted(rows, key=lambda row: (row.due_at, row.id))


async def perform(
    database: Database, act: Act, tenant_id: TenantId, id: UUID, lease: Lease
) -> None:
    """Deal with the message and all that await the same; on failure, put them all off."""
    message = await _take(database, tenant_id, id, lease)
    if message is None:
        return
    try:
        until = await act(message)
    except PayymoError as error:
        _log.warning("message_postponed", type=message.type, code=error.code)
        await _postpone(database, message, error.code, error.retry_after or 0)
    except Exception:
        _log.exception("message_crashed", type=message.type, attempt=message.attempts)
        await _postpone(database, message, "internal_error", 0)
        raise
    else:
        await _settle(database, message, until)


async def _take(
    database: Database, tenant_id: TenantId, id: UUID, lease: Lease
) -> InboxMessage | None:
    """Return the message, leased; None if it is done or somebody is at it."""
    mine = and_(InboxMessage.tenant_id == tenant_id, InboxMessage.id == id)
    async with database.scope(tenant_id) as scope:
        statement = (
            update(InboxMessage)
            .where(
                mine,
                InboxMessage.done_at.is_(None),
                InboxMessage.due_at <= func.now(),
                may_take(InboxMessage),
            )
            .values(leased_until=func.now() + lease.time, leased_by=lease.by)
            .returning(InboxMessage)
        )
        return await scope.session.scalar(statement)


async def _settle(database: Database, message: InboxMessage, until: datetime) -> None:
    async with database.scope(message.tenant_id) as scope:
        await scope.session.execute(
            update(InboxMessage)
            .where(_alike(message), InboxMessage.received_at <= until)
            .values(done_at=func.now(), leased_until=None, error=None)
        )


async def _postpone(
    database: Database, message: InboxMessage, error: str, retry_after: int
) -> None:
    attempts = message.attempts + 1
    pause = max(backoff(attempts, random.random()), float(retry_after))  # noqa: S311  jitter
    async with database.scope(message.tenant_id) as scope:
        await scope.session.execute(
            update(InboxMessage)
            .where(_alike(message))
            .values(
                attempts=attempts,
                due_at=func.now() + timedelta(seconds=pause),
                leased_until=None,
                error=error,
            )
        )


def _alike(message: InboxMessage) -> ColumnElement[bool]:
    """All that await what this message awaits."""
    return and_(
        InboxMessage.tenant_id == message.tenant_id,
        InboxMessage.connection_id == message.connection_id,
        InboxMessage.subject == message.subject,
        InboxMessage.done_at.is_(None),
    )


async def types(scope: Scope, message: InboxMessage) -> Sequence[str]:
    """Return the types of all that await what this message awaits."""
    statement = select(InboxMessage.type).where(_alike(message)).distinct()
    return (await scope.session.scalars(statement)).all()


async def forget_old(database: Database) -> int:
    """Delete messages that are done and past their time."""
    old = and_(InboxMessage.received_at < func.now() - KEPT, InboxMessage.done_at.is_not(None))
    key = tuple_(InboxMessage.tenant_id, InboxMessage.id)
    some = select(InboxMessage.tenant_id, InboxMessage.id).where(old).limit(_FORGOTTEN_AT_ONCE)
    async with database.system() as session:
        gone = await session.execute(delete(InboxMessage).where(key.in_(some)))
    return cast("CursorResult[Any]", gone).rowcount


async def oldest_seconds(database: Database) -> float:
    """Return how long the message that is due longest has been waiting."""
    age = func.extract("epoch", func.now() - func.min(InboxMessage.due_at))
    async with database.system() as session:
        found = await session.scalar(select(age).where(InboxMessage.done_at.is_(None)))
    return max(float(found or 0), 0.0)
