"""What PostgreSQL tells a process, heard by one session of the process's own."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncpg

from payymo_api.core import log

_log = log.get(__name__)
_AGAIN_SECONDS = 0.5
Heard = Callable[[str], None]


class News:
    """Says that there is something to look at. It may miss some: who waits looks by itself too."""

    def __init__(self, url: str, channel: str) -> None:
        self._url = url
        self._news = asyncio.Event()
        self._heard: list[tuple[str, Heard]] = [(channel, lambda _: self._news.set())]

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

    async def keep(self) -> None:
        """Listen for ever; a lost session is made again."""
        while True:
            try:
                await self._keep_once()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                _log.warning("session_lost", cause=type(error).__name__)
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _keep_once(self) -> None:
        closed = asyncio.Event()
        connection = await asyncpg.connect(self._url, timeout=5)
        try:
            connection.add_termination_listener(lambda _: closed.set())
            for channel, heard in self._heard:
                await connection.add_listener(channel, _payload_to(heard))
            async with self._during(connection):
                for _, heard in self._heard:
                    heard("")
                await closed.wait()
        finally:
            await connection.close(timeout=1)

    @asynccontextmanager
    async def _during(self, _: asyncpg.Connection) -> AsyncIterator[None]:
        """What holds as long as the session does."""
        yield


def _payload_to(heard: Heard) -> Callable[[Any, int, str, str], None]:
    return lambda _connection, _pid, _channel, payload: heard(payload)
