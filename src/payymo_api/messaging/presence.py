"""A worker's own session of PostgreSQL: news wakes it, and its leases live as long as the session.

PostgreSQL ends the session of a killed process at once, and with it the advisory lock that says
that this worker lives. Behind PgBouncer in transaction mode a session is nobody's own: the worker
then has no number, looks every second, and leases end by time alone.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import asyncpg
from typing_extensions import override

from payymo_api.messaging.leases import WORKERS
from payymo_api.messaging.news import News
from payymo_api.messaging.outbox import CHANNEL

_NUMBERS = 2**31 - 1


class Presence(News):
    """`number` names the worker in leases while its session lasts; each session has its own."""

    def __init__(self, url: str) -> None:
        super().__init__(url, CHANNEL)
        self.number: int | None = None

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

    @asynccontextmanager
    @override
    async def _during(self, connection: asyncpg.Connection) -> AsyncIterator[None]:
        try:
            self.number = await _number(connection)
            yield
        finally:
            self.number = None


async def _number(connection: asyncpg.Connection) -> int | None:
    """Take a lock of our own; None where a pooler shows another process than serves us."""
    if await connection.fetchval("SELECT pg_backend_pid()") != connection.get_server_pid():
        return None
    number = secrets.randbelow(_NUMBERS) + 1
    await connection.execute("SELECT pg_advisory_lock($1, $2)", WORKERS, number)
    return number
