"""Names become addresses: looked up in threads of our own, judged before anything connects."""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from aiohttp.abc import AbstractResolver, ResolveResult
from typing_extensions import override

from payymo_api.webhooks.rules import addresses

KEPT_SECONDS = 5
"""How long an answer is used again: less than the wait before any retry of the usual schedule."""

_LOOKUPS_AT_ONCE = 128


class AddressRefused(Exception):
    """Not an OSError: aiohttp would go on to the next address of the same DNS answer."""


def vet(address: str, *, allow_loopback: bool) -> None:
    """Return if something may be sent to this address; else raise AddressRefused."""
    if reason := addresses.refusal(address, allow_loopback=allow_loopback):
        raise AddressRefused(f"The URL leads to an address we don't send to: {reason}.")


class SystemResolver(AbstractResolver):
    """The system's resolver, in threads that wait for nothing else.

    The event loop would look names up in a few threads (uvloop: two), so that a few name servers
    that don't answer would hold up every delivery.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_LOOKUPS_AT_ONCE, "webhook-dns")

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        look_up = partial(
            socket.getaddrinfo, host, port, family, socket.SOCK_STREAM, 0, socket.AI_ADDRCONFIG
        )
        found = await asyncio.get_running_loop().run_in_executor(self._threads, look_up)
        return [
            ResolveResult(
                hostname=host, host=str(address[0]), port=port, family=family, proto=0, flags=0
            )
            for family, *_, address in found
        ]

    @override
    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


class VettedResolver(AbstractResolver):
    """Refuses an answer if any address of it is refused: nobody honest mixes them."""

    def __init__(self, resolver: AbstractResolver, *, allow_loopback: bool) -> None:
        self._resolver = resolver
        self._allow_loopback = allow_loopback

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        for each in found:
            vet(each["host"], allow_loopback=self._allow_loopback)
        return found

    @override
    async def close(self) -> None:
        await self._resolver.close()
