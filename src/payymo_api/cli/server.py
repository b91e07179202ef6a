"""The HTTP server of `payymo api`."""

import socket
from collections.abc import Callable

import uvicorn
from typing_extensions import override


class Server(uvicorn.Server):
    """Asked to stop, it lets answers without an end end, and waits for all others as ever."""

    def __init__(self, config: uvicorn.Config, end_streams: Callable[[], None]) -> None:
        super().__init__(config)
        self._end_streams = end_streams

    @override
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._end_streams()
        await super().shutdown(sockets)
