"""Committed events -> deliveries: numbered, serialised once, owed to who wants them (ADR 21)."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from payymo_api.core import log
from payymo_api.core.db import Database
from payymo_api.core.errors import PayymoError
from payymo_api.core.repository import transient
from payymo_api.core.types import TenantId, new_id, public_id
from payymo_api.messaging import relay
from payymo_api.messaging.models import OutboxEvent
from payymo_api.webhooks.models import WebhookEndpoint
from payymo_api.webhooks.repository import arriving
from payymo_api.webhooks.service.wanting import is_wanted, ordering_key

OF_A_TENANT, AT_ONCE = 250, 500
_FIRST = UUID(int=0)
_LOOK_SECONDS = 0.5
_GATHER_SECONDS = 0.002  # events come in swarms: one transaction serves many
_log = log.get(__name__)


class FanOut:
    """Takes batch after batch, and of each tenant a part, so that a flood of one delays no other.

    A batch is one transaction: killed in it, the events arrive anew.
    """

    def __init__(self, database: Database) -> None:
        self.news = asyncio.Event()
        self._database = database
        self._after = _FIRST

    async def run(self) -> None:
        """Fan out whatever happens until cancelled."""
        while True:
            self.news.clear()
            try:
                count = await self.batch()
            except (PayymoError, SQLAlchemyError) as error:
                _log.warning("fan_out_paused", cause=type(error).__name__)
                count = 0
            except Exception:  # noqa: BLE001  whatever it is, the other work of this worker goes on
                _log.exception("fan_out_crashed")
                count = 0
            if not count:
                with suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_SECONDS):
                        await self.news.wait()
            await asyncio.sleep(_GATHER_SECONDS)

    async def batch(self) -> int:
        """Fan out the next events; return how many, 0 if there are none or somebody else does."""
        async with self._database.system_batch_scope() as scope:
            if not await arriving.become_the_one(scope):
                return 0
            rows = await arriving.arrived(scope, self._after, OF_A_TENANT, AT_ONCE)
            if not rows and self._after != _FIRST:
                rows = await arriving.arrived(scope, _FIRST, OF_A_TENANT, AT_ONCE)
            if not rows:
                self._after = _FIRST
                return 0
            events = [transient(OutboxEvent, **row) for row in rows]
            _number(events, await arriving.count(scope, Counter(each.tenant_id for each in events)))
            endpoints = await arriving.endpoints(scope, {each.tenant_id for each in events})
            owed = [*_owed(events, endpoints)]
            await arriving.owe(
                scope,
                _columns([(e.tenant_id, e.id, e.sequence, e.body) for e in events]),
                _columns(owed),
                {(row[0], row[5]) for row in owed},
            )
        self._after = events[-1].tenant_id if len(events) >= AT_ONCE else _FIRST
        return len(events)


def _number(events: Iterable[OutboxEvent], last: Mapping[TenantId, int]) -> None:
    """Give each its place and its bytes: from here on they stay as they are."""
    counts = Counter(each.tenant_id for each in events)
    next_of = {tenant_id: last[tenant_id] - count + 1 for tenant_id, count in counts.items()}
    for event in events:
        number = next_of[event.tenant_id]
        next_of[event.tenant_id] += 1
        event.sequence = number
        event.body = relay.body(event, number, is_test=bool(event.payload.get("test")))


def _owed(
    events: Iterable[OutboxEvent], endpoints: Iterable[Mapping[str, Any]]
) -> Iterable[tuple[Any, ...]]:
    """Yield the deliveries' columns."""
    by_tenant: dict[TenantId, list[WebhookEndpoint]] = defaultdict(list)
    for row in endpoints:
        by_tenant[row["tenant_id"]].append(transient(WebhookEndpoint, **row))
    for event in events:
        for endpoint in by_tenant[event.tenant_id]:
            is_owed, key = _judged(endpoint, event)
            if is_owed:
                yield (
                    event.tenant_id,
                    new_id(),
                    event.id,
                    event.name,
                    event.sequence,
                    endpoint.id,
                    key,
                )


def _judged(endpoint: WebhookEndpoint, event: OutboxEvent) -> tuple[bool, str | None]:
    """Tell whether the event is owed, and in order with what.

    One that can't be judged is sent, in order with all such: rather once too often than never.
    """
    try:
        return is_wanted(endpoint, event), ordering_key(endpoint, event)
    except Exception:  # noqa: BLE001  one event must not hold up those of all tenants
        _log.exception("event_not_judged", id=public_id("evt", event.id))
        return True, "" if endpoint.ordering else None


def _columns(rows: list[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
