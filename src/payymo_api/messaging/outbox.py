"""Announce a fact in the same transaction that makes it true."""

from datetime import datetime

from sqlalchemy import func, insert, select

from payymo_api.core.clock import now
from payymo_api.core.db import Scope
from payymo_api.core.types import new_id
from payymo_api.messaging.events import Event, PublicEvent
from payymo_api.messaging.models import OutboxEvent

CHANNEL = "payymo_outbox"


async def record(scope: Scope, *events: Event, due_at: datetime | None = None) -> None:
    """Keep the events; the relay is woken when (and only if) this transaction commits.

    Their jobs start at `due_at`, or at once.
    """
    if not events:
        return
    rows = [
        {
            "tenant_id": scope.tenant_id,
            "id": new_id(),
            "name": event.name,
            "payload": event.model_dump(mode="json", exclude={"data"}),
            "data": event.data if isinstance(event, PublicEvent) else None,
            "due_at": due_at or now(),
        }
        for event in events
    ]
    await scope.session.execute(insert(OutboxEvent), rows)
    await wake(scope)


async def wake(scope: Scope) -> None:
    """Tell the relay, on commit, that something is due."""
    await scope.session.execute(select(func.pg_notify(CHANNEL, "")))
