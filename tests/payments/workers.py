"""The worker's part, done in the test: what is due for one tenant, until nothing is."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from payymo_api.core.db import Database
from payymo_api.core.types import TenantId
from payymo_api.messaging.leases import Lease
from payymo_api.messaging.models import InboxMessage, OutboxEvent
from payymo_api.payments import tasks
from payymo_api.payments.service.accounts import Stripes

AT_ONCE = 8
LEASE = Lease(None, timedelta(minutes=5))


async def messages(database: Database, tenant_id: TenantId) -> Sequence[InboxMessage]:
    async with database.scope(tenant_id) as scope:
        return (await scope.session.scalars(select(InboxMessage).order_by(InboxMessage.id))).all()


async def follow_all(database: Database, stripes: Stripes, tenant_id: TenantId) -> int:
    """Deal with what is due, some of it at once; return how many jobs that took: one a subject."""
    async with database.scope(tenant_id) as scope:
        undone = select(InboxMessage).where(InboxMessage.done_at.is_(None))
        due = {
            (message.connection_id, message.subject): message.id
            for message in await scope.session.scalars(undone)
        }
    room = asyncio.Semaphore(AT_ONCE)

    async def follow(id: UUID) -> None:
        async with room:
            await tasks.follow_event(database, stripes, tenant_id, id, LEASE)

    await asyncio.gather(*map(follow, due.values()))
    return len(due)


async def make_due(database: Database, tenant_id: TenantId) -> None:
    """Let the waits of what was put off be over."""
    async with database.scope(tenant_id) as scope:
        await scope.session.execute(update(InboxMessage).values(due_at=func.now()))


async def payloads(database: Database, tenant_id: TenantId, name: str) -> list[dict[str, Any]]:
    """What the tenant's events of this name say."""
    async with database.scope(tenant_id) as scope:
        statement = select(OutboxEvent.payload).where(OutboxEvent.name == name)
        return list(await scope.session.scalars(statement.order_by(OutboxEvent.id)))
