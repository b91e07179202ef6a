"""Committed facts -> queue, at least once: the relay, and at the same time the sweep.

A row is leased while its job is on its way; a job that never finished (worker killed, Redis wiped)
is due again when the lease ends. Nothing is deleted by being sent.
"""

import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import groupby

import orjson
from sqlalchemy import Update, and_, func, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from payymo_api.core import log
from payymo_api.core.clock import now, rfc3339
from payymo_api.core.db import Database
from payymo_api.core.types import EventId, TenantId, public_id
from payymo_api.messaging.models import EventCounter, OutboxEvent
from payymo_api.messaging.queue import Job, Queue

BATCH = 200
LEASE = timedelta(seconds=20)
API_VERSION = "v1"
_FIRST_PAUSE = 2.0
_LONGEST_PAUSE = 3600.0
_log = log.get(__name__)


async def relay(database: Database, queue: Queue, jobs: Mapping[str, Job]) -> int:
    """Number new public events, then issue what is due; return how many jobs were issued."""
    await sequence(database)
    async with database.system() as session:
        due = await _lease(session, list(jobs))
    for row in due:
        await queue.enqueue(jobs[row.name], row.tenant_id, str(row.id), row.attempts)
    return len(due)


async def sequence(database: Database) -> int:
    """Give committed public events their place and their final bytes; return how many."""
    async with database.system() as session:
        statement = (
            select(OutboxEvent)
            .where(OutboxEvent.data.is_not(None), OutboxEvent.sequence.is_(None))
            .order_by(OutboxEvent.tenant_id, OutboxEvent.id)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        )
        rows = (await session.scalars(statement)).all()
        for tenant_id, group in groupby(rows, key=lambda row: row.tenant_id):
            await _number(session, tenant_id, list(group))
    return len(rows)


async def _number(session: AsyncSession, tenant_id: TenantId, rows: list[OutboxEvent]) -> None:
    """The counter's row lock makes two relays take turns for one tenant."""
    start = insert(EventCounter).values(tenant_id=tenant_id, last=len(rows))
    counter = start.on_conflict_do_update(
        index_elements=[EventCounter.tenant_id],
        set_={"last": EventCounter.last + len(rows)},
    ).returning(EventCounter.last)
    last = await session.scalar(counter)
    assert last is not None
    for number, row in enumerate(rows, start=last - len(rows) + 1):
        row.sequence = number
        row.body = body(row, number)


def body(row: OutboxEvent, sequence: int) -> bytes:
    """Return the webhook body of the contract; serialised once, re-sent as it is."""
    return orjson.dumps(
        {
            "id": public_id("evt", row.id),
            "event_type": row.name,
            "timestamp": rfc3339(row.occurred_at),
            "tenant_id": public_id("tenant", row.tenant_id),
            "sequence": sequence,
            "api_version": API_VERSION,
            "data": orjson.Fragment(row.data or "{}"),
        }
    )


async def _lease(session: AsyncSession, names: list[str]) -> list[OutboxEvent]:
    moment = now()
    due = (
        select(OutboxEvent.tenant_id, OutboxEvent.id)
        .where(
            OutboxEvent.done_at.is_(None),
            OutboxEvent.name.in_(names),
            OutboxEvent.due_at <= moment,
            or_(OutboxEvent.leased_until.is_(None), OutboxEvent.leased_until < moment),
            or_(OutboxEvent.data.is_(None), OutboxEvent.sequence.is_not(None)),
        )
        .order_by(OutboxEvent.due_at)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    claimed = (await session.execute(due)).all()
    statement = (
        update(OutboxEvent)
        .where(tuple_(OutboxEvent.tenant_id, OutboxEvent.id).in_([tuple(row) for row in claimed]))
        .values(leased_until=moment + LEASE, attempts=OutboxEvent.attempts + 1)
        .returning(OutboxEvent)
    )
    return list(await session.scalars(statement)) if claimed else []


async def take(database: Database, tenant_id: TenantId, id: EventId) -> OutboxEvent | None:
    """Return the event that a job is for and renew its lease; None if it is done."""
    async with database.scope(tenant_id) as scope:
        statement = (
            _row(tenant_id, id)
            .where(OutboxEvent.done_at.is_(None))
            .values(leased_until=now() + LEASE)
            .returning(OutboxEvent)
        )
        return await scope.session.scalar(statement)


async def renew(database: Database, tenant_id: TenantId, id: EventId) -> None:
    async with database.scope(tenant_id) as scope:
        await scope.session.execute(_row(tenant_id, id).values(leased_until=now() + LEASE))


async def finish(database: Database, tenant_id: TenantId, id: EventId) -> None:
    async with database.scope(tenant_id) as scope:
        await scope.session.execute(
            _row(tenant_id, id).values(done_at=func.now(), leased_until=None, error=None)
        )


async def postpone(database: Database, event: OutboxEvent, error: str, retry_after: int) -> None:
    """Try again later: exponential pause with full jitter, at least what the provider asks for."""
    pause = max(backoff(event.attempts, random.random()), float(retry_after))  # noqa: S311  jitter
    async with database.scope(event.tenant_id) as scope:
        await scope.session.execute(
            _row(event.tenant_id, event.id).values(
                due_at=due_after(now(), pause), leased_until=None, error=error
            )
        )


def backoff(attempt: int, chance: float) -> float:
    """Return seconds: 2, 4, 8 … capped at an hour, of which a random half to whole is waited."""
    longest = min(_FIRST_PAUSE * 2.0 ** min(attempt - 1, 20), _LONGEST_PAUSE)
    return longest * (0.5 + chance / 2)


def due_after(moment: datetime, seconds: float) -> datetime:
    return moment + timedelta(seconds=seconds)


def _row(tenant_id: TenantId, id: EventId) -> Update:
    return update(OutboxEvent).where(and_(OutboxEvent.tenant_id == tenant_id, OutboxEvent.id == id))
