"""Wakes the relay when somebody commits an event: LISTEN on a connection of its own.

Waking only saves time: without it (PgBouncer, a lost connection) the relay looks every second.
"""

import asyncio
from contextlib import suppress

import asyncpg

from payymo_api.core import log
from payymo_api.messaging.outbox import CHANNEL

_log = log.get(__name__)
_AGAIN_SECONDS = 2.0


class Waker:
    def __init__(self, url: str) -> None:
        self._url = url
        self._news = asyncio.Event()

    async def wait(self, seconds: float) -> None:
        """Return at news, at the latest after `seconds`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()
        self._news.clear()

    async def listen(self) -> None:
        """Listen for ever; a lost connection is made again."""
        while True:
            try:
                await self._listen_once()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                _log.warning("waker_lost", cause=type(error).__name__)
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _listen_once(self) -> None:
        closed = asyncio.Event()
        connection = await asyncpg.connect(self._url, timeout=5)
        connection.add_termination_listener(lambda _: closed.set())
        await connection.add_listener(CHANNEL, lambda *_: self._news.set())
        try:
            await closed.wait()
        finally:
            await connection.close(timeout=1)
