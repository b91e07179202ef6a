"""Tenants with endpoints of every kind, one of them changed again and again; and their events."""

import asyncio
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

import httpx
from sqlalchemy import text

from payymo_api.banking.events import TransactionCreated, TransactionUpdated
from payymo_api.core.db import Database
from payymo_api.core.errors import PayymoError
from payymo_api.core.types import TenantId, new_id, public_id
from payymo_api.messaging import outbox
from tests.fault.mailbox import Mailbox, Ordering, PostOffice
from tests.fault.say import say

KINDS: Final[dict[str, Ordering]] = {"plain": None, "in-order": "endpoint", "by-object": "object"}
_ENDPOINTS = "/api/v1/webhook_endpoints"
_OBJECTS = 20
_AT_ONCE = 10  # events of a transaction, at most
_PAUSE = 0.2
_PATIENCE = 180.0
_AGAIN = [1] * 20
"""Seconds between attempts: a refusal is soon made good, and twenty in a row don't happen."""
_EVENTS = """
SELECT id, body, (data::json ->> 'number')::int AS number FROM outbox_events
WHERE name LIKE 'transaction.%'"""


class Caller:
    """A tenant's client that asks again, with the same Idempotency-Key, until it is answered."""

    def __init__(self, base_url: str, key: str) -> None:
        self._client = httpx.AsyncClient(
            base_url=base_url,
            headers={"X-API-Key": key},
            timeout=30,
            trust_env=False,
        )

    async def ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """Return the answer; what is gone already needs no removing."""
        headers = {"Idempotency-Key": uuid4().hex} if method == "POST" else {}
        async with asyncio.timeout(_PATIENCE):
            while True:
                with suppress(httpx.TransportError):
                    answer = await self._client.request(
                        method, f"{_ENDPOINTS}{path}", json=body, headers=headers
                    )
                    if not _is_passing(answer):
                        break
                await asyncio.sleep(_PAUSE)
        if answer.is_success:
            found: dict[str, Any] = answer.json() if answer.content else {}
            return found
        assert (method, answer.status_code) == ("DELETE", 404), answer.text
        return {}

    async def aclose(self) -> None:
        await self._client.aclose()


def _is_passing(answer: httpx.Response) -> bool:
    return answer.is_server_error or "in_flight" in answer.text


@dataclass(slots=True)
class Endpoint:
    """`since`: the number of the first event that it must hear of."""

    id: str
    wish: dict[str, Any]
    box: Mailbox
    since: int


@dataclass(slots=True)
class Customer:
    """`kept`: the bytes of each event as they came first; `begun` counts events, `written` too."""

    tenant_id: TenantId
    caller: Caller
    office: PostOffice
    chance: random.Random
    kept: dict[str, bytes] = field(default_factory=dict)
    endpoints: list[Endpoint] = field(default_factory=list)
    removed: list[Endpoint] = field(default_factory=list)
    begun: int = 0
    changes: int = 0
    objects: Sequence[str] = field(
        default_factory=lambda: [public_id("tr", new_id()) for _ in range(_OBJECTS)]
    )

    async def register(self, kind: str, ordering: Ordering) -> Endpoint:
        name = f"{self.tenant_id}/{kind}/{len(self.removed)}"
        url, box = self.office.open(name, ordering, self.kept)
        wish: dict[str, Any] = {"url": url, "event_types": ["transaction.*"]}
        wish |= {"ordering": ordering, "retry_schedule": _AGAIN}
        made = await self.caller.ask("POST", "", wish)
        self.office.trust(box, made["secret"])
        endpoint = Endpoint(made["id"], wish, box, self.begun)
        self.endpoints.append(endpoint)
        return endpoint

    async def write(self, database: Database, count: int, turn: Callable[[float], bool]) -> None:
        """Commit so many events, as far as it is their turn."""
        while self.begun < count:
            first = self.begun
            self.begun += min(self.chance.randint(1, _AT_ONCE), count - first)
            await self._commit(database, range(first, self.begun))
            if self.begun * 10 // count > first * 10 // count:
                say(f"{self.tenant_id}: {self.begun} of {count} events are committed")
            while not turn(self.begun / count):  # noqa: ASYNC110  faults come in a thread
                await asyncio.sleep(_PAUSE)

    async def _commit(self, database: Database, numbers: range) -> None:
        """Try until it is known to be committed: some are written twice, as two events."""
        events = [self._event(number) for number in numbers]
        async with asyncio.timeout(_PATIENCE):
            while True:
                try:
                    async with database.scope(self.tenant_id) as scope:
                        await outbox.record(scope, *events)
                except PayymoError:
                    await asyncio.sleep(_PAUSE)
                else:
                    return

    def _event(self, number: int) -> TransactionCreated | TransactionUpdated:
        kind = self.chance.choice((TransactionCreated, TransactionUpdated))
        about = self.chance.choice(self.objects)
        return kind(data=f'{{"transaction_id":"{about}","number":{number}}}')

    async def change_again_and_again(self, ordering: Ordering, pauses: tuple[float, float]) -> None:
        """Disable, pause or remove an endpoint and bring it back, until cancelled at a pause."""
        endpoint = await self.register("changing", ordering)
        while True:
            await asyncio.sleep(self.chance.uniform(*pauses))
            turn = asyncio.create_task(self._change(endpoint, pauses))
            try:
                endpoint = await asyncio.shield(turn)
            except asyncio.CancelledError:
                await turn
                raise

    async def _change(self, endpoint: Endpoint, pauses: tuple[float, float]) -> Endpoint:
        way = self.chance.choice(("disable", "pause", "remove"))
        path = f"/{endpoint.id}"
        match way:
            case "disable":
                await self.caller.ask("PUT", path, endpoint.wish | {"enabled": False})
            case "pause":
                await self.caller.ask("POST", f"{path}/pause")
            case _:
                await self.caller.ask("DELETE", path)
        await self.office.close(endpoint.box)
        self.changes += 1
        await asyncio.sleep(self.chance.uniform(*pauses))
        if way == "remove":
            self.endpoints.remove(endpoint)
            self.removed.append(endpoint)
            return await self.register("changing", endpoint.box.ordering)
        endpoint.box.closed = False
        if way == "disable":
            await self.caller.ask("PUT", path, endpoint.wish)
        else:
            await self.caller.ask("POST", f"{path}/resume")
        return endpoint

    async def events(self, database: Database) -> dict[str, tuple[int, bytes | None]]:
        """Return number and body of all that is committed, by public id."""
        async with database.scope(self.tenant_id) as scope:
            rows = (await scope.session.execute(text(_EVENTS))).all()
        return {public_id("evt", row.id): (row.number, row.body) for row in rows}

    def boxes(self) -> Iterator[Mailbox]:
        return (each.box for each in (*self.endpoints, *self.removed))
