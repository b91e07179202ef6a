"""A way to a server on which every byte takes longer, both ways together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit

from payymo_api.local.ports import LOOPBACK


@asynccontextmanager
async def delayed(url: str, seconds: float) -> AsyncIterator[str]:
    """Yield a URL of the same server, `seconds` further away."""
    parts = urlsplit(url)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(parts.hostname, parts.port)
        await asyncio.gather(
            _pass_on(reader, far_writer, seconds / 2), _pass_on(far_reader, writer, seconds / 2)
        )

    server = await asyncio.start_server(serve, LOOPBACK, 0)
    port = server.sockets[0].getsockname()[1]
    user = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
    yield urlunsplit(parts._replace(netloc=f"{user}{LOOPBACK}:{port}"))
    server.close()


async def _pass_on(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float
) -> None:
    """What comes together stays together; what comes later does not wait for what came before."""
    loop = asyncio.get_running_loop()
    while some := await reader.read(65536):
        loop.call_later(seconds, writer.write, some)
    writer.close()
