"""One Redis connection for all requests: commands leave as they come, replies come in their order.

A connection per command in flight, which is redis-py's way, costs several times as much.
"""

import asyncio
from collections import deque
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as Gone
from redis.exceptions import RedisError, ResponseError


class Pipeline:
    """Sends commands without waiting for those before; a reply that is overdue ends them all."""

    def __init__(self, redis: Redis, *, patience: float) -> None:
        pool = redis.connection_pool
        self._class, self._arguments = pool.connection_class, pool.connection_kwargs.copy()
        self._arguments["socket_timeout"] = None  # a timer per command costs more than the command
        self._patience = patience
        self._connection: AbstractConnection | None = None
        self._connecting: asyncio.Task[AbstractConnection] | None = None
        self._waiting: deque[asyncio.Future[Any]] = deque()
        self._reader: asyncio.Task[None] | None = None

    async def call(self, *command: str) -> Any:  # noqa: ANN401  a reply is anything
        """Return the reply; RedisError or OSError if it is an error or does not come in time."""
        connection = self._connection or await self._connect()
        reply: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append(reply)
        if self._reader is None or self._reader.done():
            self._reader = asyncio.create_task(self._read(connection))
        try:
            packed = connection.pack_command(*command)
            await connection.send_packed_command(packed, check_health=False)
        except (RedisError, OSError) as error:
            reply.cancel()
            await self._give_up(error)
            raise
        return await reply

    async def _connect(self) -> AbstractConnection:
        """All who come meanwhile wait for the same try."""
        if self._connecting is None or self._connecting.done():
            self._connecting = asyncio.create_task(self._open())
        return await asyncio.shield(self._connecting)

    async def _open(self) -> AbstractConnection:
        connection = self._class(**self._arguments)
        try:
            async with asyncio.timeout(self._patience):
                await connection.connect()  # type: ignore[no-untyped-call]  # redis-py's own
        except (RedisError, OSError):
            await connection.disconnect(nowait=True)
            raise
        self._connection = connection
        return connection

    async def _read(self, connection: AbstractConnection) -> None:
        try:
            while self._waiting:
                reply = await self._next(connection)
                waiting = self._waiting.popleft()
                if not waiting.done():
                    _settle(waiting, reply)
        except (RedisError, OSError) as error:
            await self._give_up(error)

    async def _next(self, connection: AbstractConnection) -> Any:  # noqa: ANN401  whatever Redis answers
        try:
            async with asyncio.timeout(self._patience):
                return await connection.read_response()
        except ResponseError as error:
            return error

    async def _give_up(self, error: Exception) -> None:
        """Fail all that wait; the next call connects anew."""
        overdue, self._waiting = self._waiting, deque()
        connection, self._connection = self._connection, None
        for waiting in overdue:
            if not waiting.done():
                waiting.set_exception(Gone(f"Redis did not answer: {error!r}"))
        if connection:
            await connection.disconnect(nowait=True)

    async def aclose(self) -> None:
        if self._reader:
            self._reader.cancel()
        await self._give_up(Gone("closed"))


def _settle(waiting: asyncio.Future[Any], reply: object) -> None:
    if isinstance(reply, ResponseError):
        waiting.set_exception(reply)
    else:
        waiting.set_result(reply)
