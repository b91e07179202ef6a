"""Run one outbox event's task: read, return if done, act, note. Every task may run twice."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from payymo_api.core import log
from payymo_api.core.db import Database
from payymo_api.core.errors import PayymoError
from payymo_api.core.types import EventId, TenantId
from payymo_api.messaging import relay
from payymo_api.messaging.models import OutboxEvent

_log = log.get(__name__)
Act = Callable[[TenantId, dict[str, Any]], Awaitable[None]]


class TurnOver(Exception):
    """A task has done its share: what is left is done after all that is due already."""


async def perform(
    database: Database, act: Act, tenant_id: TenantId, id: EventId, worker: int | None = None
) -> None:
    """Act on the event unless that is done; on failure, put it off for another try.

    `worker` is the number that the event is leased by meanwhile; without one, by time alone.
    """
    event = await relay.take(database, tenant_id, id, worker)
    if event is None:
        return
    try:
        async with _kept_leased(database, event):
            await act(tenant_id, event.payload)
    except TurnOver:
        await relay.requeue(database, event)
    except PayymoError as error:
        _log.warning("job_postponed", job=event.name, code=error.code, attempt=event.attempts)
        await relay.postpone(database, event, error.code, error.retry_after or 0)
    except Exception:
        _log.exception("job_crashed", job=event.name, attempt=event.attempts)
        await relay.postpone(database, event, "internal_error", 0)
        raise
    else:
        await relay.finish(database, event)


@asynccontextmanager
async def _kept_leased(database: Database, event: OutboxEvent) -> AsyncIterator[None]:
    """Renew the lease while a long job runs, so that the sweep doesn't start it again."""

    async def renew() -> None:
        while True:
            await asyncio.sleep(relay.LEASE.total_seconds() / 3)
            await relay.renew(database, event)

    renewing = asyncio.create_task(renew())
    try:
        yield
    finally:
        renewing.cancel()
        with suppress(asyncio.CancelledError, PayymoError):
            await renewing
