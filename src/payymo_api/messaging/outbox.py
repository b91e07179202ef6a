"""Announce a fact in the same transaction that makes it true."""

from collections.abc import Sequence
from datetime import datetime
from typing import cast

from sqlalchemy import Table, func, select

from payymo_api.core.bulk import slices
from payymo_api.core.clock import now
from payymo_api.core.db import AnyScope, Scope
from payymo_api.core.types import new_id
from payymo_api.core.writes import inserted
from payymo_api.messaging.events import Event, PublicEvent
from payymo_api.messaging.models import OutboxEvent

CHANNEL = "payymo_outbox"
_EVENTS = cast("Table", OutboxEvent.__table__)


async def record(scope: AnyScope, *events: Event, due_at: datetime | None = None) -> None:
    """Keep the events; the relay is woken when (and only if) this transaction commits.

    Their jobs start at `due_at`, or at once.
    """
    if not events:
        return
    for some in slices(len(events)):
        await _insert(scope, events[some], due_at or now())


async def _insert(scope: AnyScope, events: Sequence[Event], due_at: datetime) -> None:
    columns: dict[str, list[object]] = {
        "id": [new_id() for _ in events],
        "name": [event.name for event in events],
        "payload": [event.model_dump_json(exclude={"data"}) for event in events],
        "data": [event.data if isinstance(event, PublicEvent) else None for event in events],
        "due_at": [due_at] * len(events),
    }
    insert = inserted(scope.tenant_id, _EVENTS, columns)
    await scope.write(insert._replace(text=f"{insert.text} RETURNING pg_notify('{CHANNEL}', '')"))


async def wake(scope: Scope) -> None:
    """Tell the relay, on commit, that something is due."""
    await scope.session.execute(select(func.pg_notify(CHANNEL, "")))
