"""A customer's endpoint that judges each event when it comes, and a server for many of them."""

import asyncio
import base64
import random
import re
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, Self, cast

import orjson
from typing_extensions import override

from payymo_api.local.ports import LOOPBACK
from payymo_api.local.receiver import is_signed

Ordering = Literal["endpoint", "object"] | None
_TURNS = 10
"""Of the loop, after which all that had come by then is read: accepting and reading take four."""
_REFUSED = 0.004
"""Of the receipts: answered 500, or not at all and cut off."""
_CUT = 0.002
_SHOWN = 5
_HEADER = re.compile(rb"([^\r\n:]+): *([^\r\n]*)\r\n")
_ANSWERS = {
    204: b"HTTP/1.1 204 No Content\r\n\r\n",
    500: b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n",
}


@dataclass(slots=True)
class Mailbox:
    """What came to one endpoint. `faults`: what must not happen and how often, with examples.

    `accepted` are the events that it said 2xx to. While it is `closed`, nothing may come.
    """

    ordering: Ordering
    kept: dict[str, bytes]
    closed: bool = False
    received: int = 0
    accepted: set[str] = field(default_factory=set)
    faults: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)
    _secret: bytes = b""
    _unproved: list[tuple[str, bytes]] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)
    _newest: dict[str, int] = field(default_factory=dict)
    _waiting: dict[str, str] = field(default_factory=dict)

    def trust(self, secret: str) -> None:
        """Take the endpoint's secret as it was shown; events may have come before it."""
        self._secret = base64.b64decode(secret.removeprefix("whsec_"))
        self._prove()

    def take(self, headers: Mapping[str, str], body: bytes, status: int) -> None:
        """Judge an event that is answered with this status, 0 for none."""
        event = orjson.loads(body)
        id = event["id"]
        self.received += 1
        self._check("arrived while closed", id, holds=not self.closed)
        self._check("webhook-id is another", id, holds=headers["webhook-id"] == id)
        self._check("came with other bytes", id, holds=self.kept.setdefault(id, body) == body)
        self._unproved.append((headers["x-webhook-signature"], body))
        if self._secret:
            self._prove()
        if self.ordering:
            self._check_order(event, is_accepted=bool(status == 204))
        if status == 204:
            self.accepted.add(id)

    def _prove(self) -> None:
        for signature, body in self._unproved:
            holds = is_signed(self._secret, signature, body)
            self._check("signature is wrong", signature, holds=holds)
        self._unproved.clear()

    def _check_order(self, event: Mapping[str, Any], *, is_accepted: bool) -> None:
        """What comes first is accepted before the next comes."""
        id, sequence = event["id"], event["sequence"]
        key = event["data"]["transaction_id"] if self.ordering == "object" else ""
        if id not in self._seen:
            self._seen.add(id)
            newest = self._newest.get(key, 0)
            told = f"{sequence} after {newest}, {key}"
            self._check("out of order", told, holds=sequence > newest)
            self._check("before its turn", told, holds=self._waiting.get(key, id) == id)
            self._newest[key] = max(sequence, newest)
            self._waiting[key] = id
        if is_accepted and self._waiting.get(key) == id:
            del self._waiting[key]

    def _check(self, fault: str, example: str, *, holds: bool) -> None:
        if holds:
            return
        self.faults[fault] += 1
        if self.faults[fault] <= _SHOWN:
            self.examples.append(f"{fault}: {example}")


class PostOffice:
    """Serves mailboxes on one port, in a thread of its own, while the context lasts."""

    def __init__(self, chance: random.Random) -> None:
        self.boxes: dict[str, Mailbox] = {}
        self.connections: set[asyncio.Transport] = set()
        self._chance = chance
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        serving = self._loop.create_server(lambda: _Connection(self), LOOPBACK, 0, backlog=1024)
        self._server = asyncio.run_coroutine_threadsafe(serving, self._loop).result()
        self._url = f"http://{LOOPBACK}:{self._server.sockets[0].getsockname()[1]}"
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        async def end() -> None:
            self._server.close()
            for each in tuple(self.connections):
                each.abort()
            await asyncio.sleep(0)

        asyncio.run_coroutine_threadsafe(end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def open(self, name: str, ordering: Ordering, kept: dict[str, bytes]) -> tuple[str, Mailbox]:
        """Open a mailbox; return its URL too. `kept`: its tenant's events as they came first."""
        self.boxes[name] = Mailbox(ordering, kept)
        return f"{self._url}/{name}", self.boxes[name]

    def trust(self, box: Mailbox, secret: str) -> None:
        self._loop.call_soon_threadsafe(box.trust, secret)

    async def close(self, box: Mailbox) -> None:
        """From now on nothing may come to it; what the kernel had for us before is read first."""

        async def turn() -> None:
            for _ in range(_TURNS):
                await asyncio.sleep(0)
            box.closed = True

        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(turn(), self._loop))

    def receive(self, name: str, headers: Mapping[str, str], body: bytes) -> int:
        """Keep an event; return the status to answer with, 0 for none."""
        drawn = self._chance.random()
        status = 0 if drawn < _CUT else 500 if drawn < _CUT + _REFUSED else 204
        self.boxes[name].take(headers, body, status)
        return status


class _Connection(asyncio.Protocol):
    def __init__(self, office: PostOffice) -> None:
        self._office = office
        self._received = b""

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._office.connections.add(self._transport)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._office.connections.discard(self._transport)

    @override
    def data_received(self, data: bytes) -> None:
        """Nobody sends a second request before the first is answered."""
        self._received += data
        head, ended, body = self._received.partition(b"\r\n\r\n")
        pairs = _HEADER.findall(head.partition(b"\r\n")[2] + b"\r\n")
        headers = {name.decode().lower(): value.decode() for name, value in pairs}
        if not ended or len(body) < int(headers["content-length"]):
            return
        self._received = b""
        name = head.split(b" ", 2)[1].decode().removeprefix("/")
        status = self._office.receive(name, headers, body)
        if status:
            self._transport.write(_ANSWERS[status])
        else:
            self._transport.abort()
