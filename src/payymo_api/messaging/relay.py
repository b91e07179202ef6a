"""Committed facts -> queue, at least once: the relay, and at the same time the sweep.

A row is leased while its job is on its way; a job that never finished is due again when whoever had
it (worker, Redis) is gone, or when the lease ends. Nothing is deleted by being sent.
"""

import random
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, cast

import orjson
from sqlalchemy import CursorResult, Update, and_, delete, func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from payymo_api.core.clock import rfc3339
from payymo_api.core.db import Database, Scope
from payymo_api.core.types import EventId, TenantId, public_id
from payymo_api.messaging import outbox
from payymo_api.messaging.leases import may_issue, may_take
from payymo_api.messaging.models import OutboxEvent
from payymo_api.messaging.queue import Job, Queue, has_room

BATCH = 200
LEASE = timedelta(seconds=20)
API_VERSION = "v1"
NUMBERING = int.from_bytes(b"sequence")
"""The advisory lock of whoever gives events their numbers."""
_FIRST_PAUSE = 2.0
_LONGEST_PAUSE = 3600.0
_DONE_KEPT = timedelta(days=7)
_FORGOTTEN_AT_ONCE = 5000


async def relay(database: Database, queue: Queue, jobs: Mapping[str, Job]) -> int:
    """Issue what is due; return how many. Public events go another way (`webhooks`)."""
    roomy = {name for name in {job.queue for job in jobs.values()} if await has_room(queue, name)}
    life = await queue.life()
    async with database.system() as session:
        due = await _lease(
            session, [name for name, job in jobs.items() if job.queue in roomy], life
        )
    for row in due:
        await queue.enqueue(jobs[row.name], row.tenant_id, str(row.id), row.issues)
    return len(due)


async def hold_numbering(scope: Scope) -> None:
    """Let no event get its number and body until this transaction ends."""
    await scope.session.execute(select(func.pg_advisory_xact_lock(NUMBERING)))


def body(row: OutboxEvent, sequence: int, *, is_test: bool = False) -> bytes:
    """Return the webhook body of the contract; serialised once, re-sent as it is."""
    envelope: dict[str, Any] = {
        "id": public_id("evt", row.id),
        "event_type": row.name,
        "timestamp": rfc3339(row.occurred_at),
        "tenant_id": public_id("tenant", row.tenant_id),
        "sequence": sequence,
        "api_version": API_VERSION,
        "data": orjson.Fragment(row.data or "{}"),
    }
    if is_test:
        envelope["test"] = True
    if row.erased_at:
        envelope["erased"] = True
    return orjson.dumps(envelope)


async def _lease(session: AsyncSession, names: list[str], life: int) -> list[OutboxEvent]:
    due = (
        select(OutboxEvent.tenant_id, OutboxEvent.id)
        .where(
            OutboxEvent.done_at.is_(None),
            OutboxEvent.name.in_(names),
            OutboxEvent.due_at <= func.now(),
            may_issue(OutboxEvent, life),
        )
        .order_by(OutboxEvent.due_at)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    claimed = (await session.execute(due)).all()
    statement = (
        update(OutboxEvent)
        .where(tuple_(OutboxEvent.tenant_id, OutboxEvent.id).in_([tuple(row) for row in claimed]))
        .values(leased_until=func.now() + LEASE, leased_by=life, issues=OutboxEvent.issues + 1)
        .returning(OutboxEvent)
    )
    rows = await session.scalars(statement) if claimed else ()
    return sorted(rows, key=_due)


def _due(row: OutboxEvent) -> tuple[datetime, EventId]:
    """What has waited longest goes first; an UPDATE returns its rows in any order."""
    return row.due_at, row.id


async def take(
    database: Database, tenant_id: TenantId, id: EventId, worker: int | None
) -> OutboxEvent | None:
    """Return the event that a job is for, leased by the worker; None if it is done or at work."""
    mine = and_(OutboxEvent.tenant_id == tenant_id, OutboxEvent.id == id)
    async with database.scope(tenant_id) as scope:
        statement = (
            update(OutboxEvent)
            .where(mine, OutboxEvent.done_at.is_(None), may_take(OutboxEvent))
            .values(leased_until=func.now() + LEASE, leased_by=worker)
            .returning(OutboxEvent)
        )
        return await scope.session.scalar(statement)


async def renew(database: Database, event: OutboxEvent) -> None:
    async with database.scope(event.tenant_id) as scope:
        await scope.session.execute(_held(event).values(leased_until=func.now() + LEASE))


async def finish(database: Database, event: OutboxEvent) -> None:
    async with database.scope(event.tenant_id) as scope:
        await scope.session.execute(
            _held(event).values(done_at=func.now(), leased_until=None, error=None)
        )


async def requeue(database: Database, event: OutboxEvent) -> None:
    """Go on with it after all that is due already; it has come on, so no failure counts."""
    async with database.scope(event.tenant_id) as scope:
        await scope.session.execute(
            _held(event).values(due_at=func.now(), leased_until=None, attempts=0, error=None)
        )
        await outbox.wake(scope)


async def postpone(database: Database, event: OutboxEvent, error: str, retry_after: int) -> None:
    """Try again later: exponential pause with full jitter, at least what the provider asks for."""
    attempts = event.attempts + 1
    pause = max(backoff(attempts, random.random()), float(retry_after))  # noqa: S311  jitter
    async with database.scope(event.tenant_id) as scope:
        await scope.session.execute(
            _held(event).values(
                attempts=attempts,
                due_at=func.now() + timedelta(seconds=pause),
                leased_until=None,
                error=error,
            )
        )


def backoff(attempt: int, chance: float) -> float:
    """Return seconds: 2, 4, 8 … capped at an hour, of which a random half to whole is waited."""
    longest = min(_FIRST_PAUSE * 2.0 ** min(attempt - 1, 20), _LONGEST_PAUSE)
    return longest * (0.5 + chance / 2)


async def forget_old(database: Database) -> int:
    """Delete internal events that are done and past their time."""
    old = and_(OutboxEvent.body.is_(None), OutboxEvent.done_at < func.now() - _DONE_KEPT)
    key = tuple_(OutboxEvent.tenant_id, OutboxEvent.id)
    some = select(OutboxEvent.tenant_id, OutboxEvent.id).where(old).limit(_FORGOTTEN_AT_ONCE)
    async with database.system() as session:
        gone = await session.execute(delete(OutboxEvent).where(key.in_(some)))
    return cast("CursorResult[Any]", gone).rowcount


async def oldest_seconds(database: Database, names: Collection[str]) -> float:
    """Return how long the event that is due longest has been waiting."""
    waiting = and_(OutboxEvent.done_at.is_(None), OutboxEvent.name.in_(names))
    age = func.extract("epoch", func.now() - func.min(OutboxEvent.due_at))
    async with database.system() as session:
        found = await session.scalar(select(age).where(waiting))
    return max(float(found or 0), 0.0)


def _held(event: OutboxEvent) -> Update:
    """The event's row while its lease is ours: who was taken for dead changes nothing any more."""
    return update(OutboxEvent).where(
        OutboxEvent.tenant_id == event.tenant_id,
        OutboxEvent.id == event.id,
        OutboxEvent.leased_by.is_not_distinct_from(event.leased_by),
    )
