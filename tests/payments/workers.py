"""The worker's part, done in the test: what is due for one tenant, until nothing is."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, update

from payymo_api.core.db import Database
from payymo_api.core.types import TenantId
from payymo_api.messaging.leases import Lease
from payymo_api.messaging.models import InboxMessage, OutboxEvent
from payymo_api.payments import tasks
from payymo_api.payments.service.accounts import Stripes

LEASE = Lease(None, timedelta(minutes=5))


async def messages(database: Database, tenant_id: TenantId) -> Sequence[InboxMessage]:
    async with database.scope(tenant_id) as scope:
        return (await scope.session.scalars(select(InboxMessage).order_by(InboxMessage.id))).all()


async def follow_all(database: Database, stripes: Stripes, tenant_id: TenantId) -> int:
    """Deal with each message that is due; return how many jobs that took."""
    jobs = 0
    for message in await messages(database, tenant_id):
        if message.done_at is None:
            await tasks.follow_event(database, stripes, tenant_id, message.id, LEASE)
            jobs += 1
    return jobs


async def make_due(database: Database, tenant_id: TenantId) -> None:
    """Let the waits of what was put off be over."""
    async with database.scope(tenant_id) as scope:
        await scope.session.execute(update(InboxMessage).values(due_at=func.now()))


async def payloads(database: Database, tenant_id: TenantId, name: str) -> list[dict[str, Any]]:
    """What the tenant's events of this name say."""
    async with database.scope(tenant_id) as scope:
        statement = select(OutboxEvent.payload).where(OutboxEvent.name == name)
        return list(await scope.session.scalars(statement.order_by(OutboxEvent.id)))
