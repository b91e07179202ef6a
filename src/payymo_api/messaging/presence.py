"""A worker's own session of PostgreSQL: news wakes it, and its leases live as long as the session.

PostgreSQL ends the session of a killed process at once, and with it the advisory lock that says
that this worker lives. Behind PgBouncer in transaction mode a session is nobody's own: the worker
then has no number, looks every second, and leases end by time alone.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncpg

from payymo_api.core import log
from payymo_api.messaging.leases import WORKERS
from payymo_api.messaging.outbox import CHANNEL

_log = log.get(__name__)
_AGAIN_SECONDS = 0.5
_NUMBERS = 2**31 - 1
Heard = Callable[[str], None]


class Presence:
    """`number` names the worker in leases while its session lasts; each session has its own."""

    def __init__(self, url: str) -> None:
        self.number: int | None = None
        self._url = url
        self._news = asyncio.Event()
        self._heard: list[tuple[str, Heard]] = [(CHANNEL, lambda _: self._news.set())]

    def on(self, channel: str, heard: Heard) -> None:
        """Call `heard` with what is told on the channel, and with "" after what may be missed.

        Ask before `keep` runs.
        """
        self._heard.append((channel, heard))

    async def wait(self, seconds: float) -> None:
        """Return at news, at the latest after `seconds`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()
        self._news.clear()

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Be present inside: what is held is ours until the end."""
        keeping = asyncio.create_task(self.keep())
        try:
            yield
        finally:
            keeping.cancel()
            with suppress(asyncio.CancelledError):
                await keeping

    async def keep(self) -> None:
        """Be present for ever; a lost session is made again, under another number."""
        while True:
            try:
                await self._keep_once()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                _log.warning("presence_lost", cause=type(error).__name__)
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _keep_once(self) -> None:
        closed = asyncio.Event()
        connection = await asyncpg.connect(self._url, timeout=5)
        try:
            connection.add_termination_listener(lambda _: closed.set())
            for channel, heard in self._heard:
                await connection.add_listener(channel, _payload_to(heard))
            self.number = await _number(connection)
            for _, heard in self._heard:
                heard("")
            await closed.wait()
        finally:
            self.number = None
            await connection.close(timeout=1)


def _payload_to(heard: Heard) -> Callable[[Any, int, str, str], None]:
    return lambda _connection, _pid, _channel, payload: heard(payload)


async def _number(connection: asyncpg.Connection) -> int | None:
    """Take a lock of our own; None where a pooler shows another process than serves us."""
    if await connection.fetchval("SELECT pg_backend_pid()") != connection.get_server_pid():
        return None
    number = secrets.randbelow(_NUMBERS) + 1
    await connection.execute("SELECT pg_advisory_lock($1, $2)", WORKERS, number)
    return number
