"""Answers without an end: a client that hangs up, one that reads, and a server to read from."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from typing_extensions import override

from payymo_api.cli.server import Server

STREAM = "/api/v1/events/stream"


def hanging_up(app: ASGIApp) -> ASGIApp:
    """Return the app as one sees it who hangs up when an answer without an end has begun."""

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        begun = asyncio.Event()

        async def hear() -> Message:
            listening = asyncio.ensure_future(receive())
            hung_up = asyncio.ensure_future(begun.wait())
            await asyncio.wait({listening, hung_up}, return_when=asyncio.FIRST_COMPLETED)
            hung_up.cancel()
            if listening.done():
                return listening.result()
            listening.cancel()
            return {"type": "http.disconnect"}

        async def tell(message: Message) -> None:
            if (b"content-type", b"text/event-stream; charset=utf-8") in message.get("headers", ()):
                begun.set()
            await send(message)

        await app(scope, hear, tell)
        if begun.is_set():
            await send({"type": "http.response.body"})

    return served


class _Served(Server):
    @contextmanager
    @override
    def capture_signals(self) -> Iterator[None]:
        """Signals are the test run's own."""
        yield


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[str]:
    """Serve the app on loopback as `payymo api` does, in this loop; yield its URL."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(app, http="httptools", ws="none", log_level="critical", lifespan="off")
    server = _Served(config, app.state.streams.end_all)
    running = asyncio.create_task(server.serve([listener]))
    while not server.started:  # noqa: ASYNC110  uvicorn tells nobody
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await running
        listener.close()


@dataclass(frozen=True, slots=True)
class Told:
    """A message of a stream that has data."""

    id: int
    event: str
    data: bytes


class Reader:
    """Reads a stream as the HTML standard says: lines end with a line feed and nothing else."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.position = 0
        self._blocks = self._split(response.aiter_raw())

    async def told(self, count: int = 1) -> list[Told]:
        """Wait for so many events."""
        async with asyncio.timeout(30):
            return [await self._event() for _ in range(count)]

    async def block(self) -> dict[bytes, bytes]:
        """Wait for the next message, whatever it is; a comment's name is empty."""
        async with asyncio.timeout(30):
            text = await anext(self._blocks)
        fields = [line.partition(b":") for line in text.split(b"\n")]
        found = {name: value.removeprefix(b" ") for name, _, value in fields}
        self.position = int(found.get(b"id", self.position))
        return found

    async def is_at_its_end(self) -> bool:
        """Read on; StopAsyncIteration is the server's own end of it."""
        try:
            await self.block()
        except StopAsyncIteration:
            return True
        return False

    async def _event(self) -> Told:
        while b"data" not in (found := await self.block()):
            pass
        return Told(int(found[b"id"]), found[b"event"].decode(), found[b"data"])

    @staticmethod
    async def _split(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        rest = b""
        async for chunk in chunks:
            *blocks, rest = (rest + chunk).split(b"\n\n")
            for block in blocks:
                yield block


@asynccontextmanager
async def reading(
    url: str,
    key: str,
    *,
    after: int | None = None,
    **params: Any,  # noqa: ANN401  httpx's own
) -> AsyncIterator[Reader]:
    """Open a stream over HTTP; its beginning is read, so that what happens now is in it."""
    headers = {"X-API-Key": key} | ({} if after is None else {"Last-Event-ID": str(after)})
    async with (
        httpx.AsyncClient(base_url=url, headers=headers, trust_env=False, timeout=30) as client,
        client.stream("GET", STREAM, params=params) as response,
    ):
        assert response.status_code == 200, await response.aread()
        reader = Reader(response)
        await reader.block()
        yield reader
