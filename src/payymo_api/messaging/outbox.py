"""Announce a fact in the same transaction that makes it true."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import cast

from sqlalchemy import Table

from payymo_api.core.bulk import insert_columns, slices
from payymo_api.core.clock import now
from payymo_api.core.db import AnyScope
from payymo_api.core.types import new_id
from payymo_api.messaging.events import Event, PublicEvent
from payymo_api.messaging.models import OutboxEvent

CHANNEL = "payymo_outbox"
NUMBERED = "payymo_numbered"
"""The channel that tells of events that have got their place in a sequence."""
_EVENTS = cast("Table", OutboxEvent.__table__)


async def record(scope: AnyScope, *events: Event, due_at: datetime | None = None) -> None:
    """Keep the events; the relay is woken when (and only if) this transaction commits.

    Their jobs start at `due_at`, or at once.
    """
    if not events:
        return
    columns: dict[str, Sequence[object]] = {
        "name": [event.name for event in events],
        "payload": [_payload(event) for event in events],
        "data": [event.data if isinstance(event, PublicEvent) else None for event in events],
    }
    await _insert(scope, columns, {"due_at": due_at or now()})


async def record_each(scope: AnyScope, data: Sequence[str], event: PublicEvent) -> None:
    """Keep an event like this one for each of the `data`: a first sync has a hundred thousand."""
    shared = {"name": event.name, "payload": _payload(event), "due_at": now()}
    await _insert(scope, {"data": data}, shared)


def _payload(event: Event) -> str:
    return event.model_dump_json(exclude={"data"})


async def _insert(
    scope: AnyScope, columns: Mapping[str, Sequence[object]], shared: Mapping[str, object]
) -> None:
    for some in slices(len(columns["data"])):
        rows = {name: values[some] for name, values in columns.items()}
        ids = [new_id() for _ in rows["data"]]
        await insert_columns(scope, _EVENTS, {"id": ids, **rows}, shared)
    await wake(scope)


async def wake(scope: AnyScope) -> None:
    """Tell the relay, on commit, that something is due."""
    await scope.notify(CHANNEL)
