"""A receiver on loopback that answers raw bytes, and a watch on every connection opened."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from payymo_api.webhooks.gateway.aiohttp_sender import AiohttpSender


@dataclass
class Receiver:
    """Answers `answer` to every request, or what it makes of the body.

    An empty one drops the connection, None never answers.
    """

    answer: bytes | Callable[[bytes], Awaitable[bytes]] | None = (
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
    )
    connections: int = 0
    heads: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    port: int = 0
    _open: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks"

    async def start(
        self, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
    ) -> asyncio.Server:
        server = await asyncio.start_server(self._serve, host, 0, ssl=tls)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            while await self._exchange(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._open.discard(task)
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        fields = dict(line.lower().split(": ", 1) for line in head.splitlines()[1:] if line)
        self.heads.append(head)
        self.bodies.append(await reader.readexactly(int(fields["content-length"])))
        if self.answer is None:
            await asyncio.Event().wait()
        answer = await self.answer(self.bodies[-1]) if callable(self.answer) else self.answer
        writer.write(answer or b"")
        await writer.drain()
        return bool(answer)

    async def stop(self) -> None:
        for task in tuple(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    server = await receiver.start()
    yield receiver
    server.close()
    await receiver.stop()
    await server.wait_closed()


@pytest.fixture
async def strict() -> AsyncIterator[AiohttpSender]:
    """As in production."""
    sender = AiohttpSender()
    yield sender
    await sender.aclose()


@pytest.fixture
async def lenient() -> AsyncIterator[AiohttpSender]:
    """As in development: loopback is allowed."""
    sender = AiohttpSender(allow_loopback=True)
    yield sender
    await sender.aclose()


@pytest.fixture
async def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Addresses that a connection was tried to; each is refused here, so no byte goes out."""
    addresses: list[str] = []

    async def sock_connect(_: socket.socket, address: tuple[Any, ...]) -> None:
        addresses.append(address[0])
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", sock_connect)
    return addresses
