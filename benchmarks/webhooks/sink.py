"""An endpoint that costs next to nothing, as a process of its own; the harness asks it by GET.

A POST to /<manner>/<name> is a receipt. Its manner says what follows: `ok` 200; `noted` 200, and
when it came stays known; `error` 500; `hang` nothing, ever; `slow-<ms>` 200, later.
"""

import asyncio
import re
import sys
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import httpx
import orjson
import uvloop
from typing_extensions import override

from payymo_api.local.ports import LOOPBACK

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_ID = re.compile(rb"webhook-id: *(\S+)", re.IGNORECASE)
_OK = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
_ERROR = b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n"


class Arrival(NamedTuple):
    at: float
    name: str
    event_id: str


@dataclass(frozen=True, slots=True)
class Sink:
    """What the harness asks it."""

    url: str

    async def counts(self) -> Counter[str]:
        """Return how many receipts of each manner there were."""
        counts: dict[str, int] = await self._told("counts")
        return Counter(counts)

    async def arrivals(self) -> list[Arrival]:
        """Return those that were noted, and forget them."""
        return [Arrival(*each) for each in await self._told("arrivals")]

    async def _told(self, what: str) -> Any:  # noqa: ANN401  any JSON
        async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
            return orjson.loads((await client.get(f"{self.url}/{what}")).content)


class Receipts:
    def __init__(self) -> None:
        self.counts: Counter[bytes] = Counter()
        self.arrivals: list[tuple[float, bytes, bytes]] = []

    def told(self, path: bytes) -> bytes:
        if path == b"/arrivals":
            noted, self.arrivals = self.arrivals, []
            return orjson.dumps([(at, name.decode(), id.decode()) for at, name, id in noted])
        return orjson.dumps({manner.decode(): count for manner, count in self.counts.items()})


class _Connection(asyncio.Protocol):
    def __init__(self, receipts: Receipts) -> None:
        self._receipts = receipts
        self._received = b""

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    @override
    def data_received(self, data: bytes) -> None:
        """Nobody sends a second request before the first is answered."""
        self._received += data
        head, ended, body = self._received.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not ended or (length and len(body) < int(length[1])):
            return
        self._received = b""
        method, path, _ = head.split(b" ", 2)
        if method == b"POST":
            self._receive(path, head)
        else:
            told = self._receipts.told(path)
            length_line = b"content-length: %d\r\n\r\n" % len(told)
            self._transport.write(b"HTTP/1.1 200 OK\r\n" + length_line + told)

    def _receive(self, path: bytes, head: bytes) -> None:
        _, manner, name = path.split(b"/", 2)
        self._receipts.counts[manner] += 1
        if manner == b"noted":
            found = _ID.search(head)
            assert found
            self._receipts.arrivals.append((time.time(), name, found[1]))
        if manner.startswith(b"slow-"):
            pause = int(manner[len(b"slow-") :]) / 1000
            asyncio.get_running_loop().call_later(pause, self._transport.write, _OK)
        elif manner != b"hang":
            self._transport.write(_ERROR if manner == b"error" else _OK)


async def _serve(port: int) -> None:
    receipts = Receipts()
    server = await asyncio.get_running_loop().create_server(
        lambda: _Connection(receipts), LOOPBACK, port, backlog=4096
    )
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))
