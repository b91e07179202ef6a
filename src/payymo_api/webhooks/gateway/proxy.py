"""Through a proxy: it is asked for an address that we have judged, never for a name."""

import socket
from time import monotonic

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from payymo_api.webhooks.gateway import names

_KEPT_NAMES = 4096


class ThroughProxy:
    """Middleware of an aiohttp session that sends each request through an HTTP proxy.

    The proxy connects (CONNECT) to an address and resolves nothing, so what was judged is what is
    reached. TLS is agreed on with the endpoint, by its name, inside that tunnel. `resolver` judges.
    """

    def __init__(self, proxy: str, resolver: AbstractResolver) -> None:
        url = URL(proxy)
        self._url = url.with_user(None)  # aiohttp's errors may show the URL
        self._headers = _authorization(url)
        self._resolver = resolver
        self._kept: dict[str, tuple[str, float]] = {}

    async def __call__(
        self, request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        name = request.url.raw_host or ""
        request.update_proxy(self._url, None, self._headers)
        request.server_hostname = name
        request.url = request.url.with_host(await self._address(request, name))
        return await send(request)

    async def _address(self, request: aiohttp.ClientRequest, name: str) -> str:
        address, until = self._kept.get(name, ("", 0.0))
        if until < monotonic():
            address = await self._looked_up(request, name)
            if len(self._kept) >= _KEPT_NAMES:
                self._kept.clear()
            self._kept[name] = address, monotonic() + names.KEPT_SECONDS
        return address

    async def _looked_up(self, request: aiohttp.ClientRequest, name: str) -> str:
        """Prefer IPv4: whether the proxy has IPv6 is not known here."""
        try:
            found = await self._resolver.resolve(name, request.port or 0, socket.AF_UNSPEC)
        except OSError as error:
            raise aiohttp.ClientConnectorDNSError(request.connection_key, error) from error
        return min((each["host"] for each in found), key=lambda address: ":" in address)


def _authorization(proxy: URL) -> dict[str, str]:
    if proxy.user is None:
        return {}
    return {"Proxy-Authorization": aiohttp.encode_basic_auth(proxy.user, proxy.password or "")}
