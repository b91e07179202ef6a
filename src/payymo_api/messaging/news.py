"""What PostgreSQL tells on a channel, heard by one connection of a process's own."""

import asyncio
from contextlib import suppress

import asyncpg

from payymo_api.core import log

_log = log.get(__name__)
_AGAIN_SECONDS = 0.5


class News:
    """Says that there is something to look at. It may miss some: who waits looks by itself too."""

    def __init__(self, url: str, channel: str) -> None:
        self._url, self._channel = url, channel
        self._heard = asyncio.Event()

    async def wait(self, seconds: float) -> None:
        """Return at news, at the latest after `seconds`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._heard.wait()
        self._heard.clear()

    async def keep(self) -> None:
        """Listen for ever; a lost connection is made again."""
        while True:
            try:
                await self._listen()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                _log.warning("news_lost", cause=type(error).__name__)
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _listen(self) -> None:
        closed = asyncio.Event()
        connection = await asyncpg.connect(self._url, timeout=5)
        try:
            connection.add_termination_listener(lambda _: closed.set())
            await connection.add_listener(self._channel, lambda *_: self._heard.set())
            self._heard.set()
            await closed.wait()
        finally:
            await connection.close(timeout=1)
