"""Delivery by aiohttp, which sends ten times as many small POSTs per CPU second as httpx."""

import math
import os
import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache, partial
from importlib.metadata import version
from time import perf_counter

import aiohttp
from aiohttp.abc import AbstractResolver
from typing_extensions import override

from payymo_api.core.settings import Settings
from payymo_api.webhooks.errors import EndpointUrlRefused
from payymo_api.webhooks.gateway import Answer, DeliveryFailed, Failure, Sender, names
from payymo_api.webhooks.gateway.names import AddressRefused, SystemResolver, VettedResolver, vet
from payymo_api.webhooks.gateway.proxy import ThroughProxy
from payymo_api.webhooks.gateway.urls import check_url

EXCERPT = 16 * 1024
"""Bytes of an answer that are read; the connection is closed on more."""

_CONNECT_SECONDS = 5.0
_IDLE_SECONDS = 2.0  # less than any common server's keep-alive, so that none closes under a POST
_KEPT_HEADERS = ("content-type", "location", "retry-after", "webhook-delivery")
_DEFAULT_HEADERS = {
    "User-Agent": f"Payymo-Webhooks/{version('payymo-api')}",
    "Content-Type": "application/json",
    "Accept": "*/*",
    "Accept-Encoding": "identity",
}


class AiohttpSender(Sender):
    """One pool of connections, each to an address that was judged when it was opened.

    Create it inside the running loop, close it with `aclose`. It sets no limit to connections, so
    that no endpoint waits for another's: callers bound what is in flight. `proxy`: the URL of an
    HTTP proxy. `tls`: whom to trust, the system's authorities by default.
    """

    def __init__(
        self,
        *,
        timeout_seconds: float = 10.0,
        allow_loopback: bool = False,
        proxy: str | None = None,
        resolver: AbstractResolver | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._checked = lru_cache(4096)(partial(check_url, allow_loopback=allow_loopback))
        self._resolver = resolver or SystemResolver()
        judging = VettedResolver(self._resolver, allow_loopback=allow_loopback)
        factory = partial(_vetted_socket, allow_loopback=allow_loopback)
        connector = aiohttp.TCPConnector(
            socket_factory=None if proxy else factory,  # the proxy is ours: it may be anywhere
            resolver=self._resolver if proxy else judging,
            ttl_dns_cache=names.KEPT_SECONDS,
            happy_eyeballs_delay=None,  # its race swallows what is no OSError, our refusal too
            limit=0,
            keepalive_timeout=_IDLE_SECONDS,
            ssl=tls or True,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            headers=_DEFAULT_HEADERS,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=_limits(timeout_seconds),
            auto_decompress=False,  # an excerpt needs no decompression, a bomb would
            trust_env=False,  # a proxy is set by us alone: it is asked for addresses, not names
            read_bufsize=EXCERPT,
            middlewares=[ThroughProxy(proxy, judging)] if proxy else (),
        )

    @classmethod
    def of(cls, settings: Settings) -> "AiohttpSender":
        proxy = settings.webhook_proxy
        return cls(
            timeout_seconds=settings.webhook_timeout_seconds,
            allow_loopback=settings.webhook_allow_loopback,
            proxy=proxy.get_secret_value() if proxy else None,
        )

    async def aclose(self) -> None:
        await self._session.close()
        await self._resolver.close()

    @override
    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        started = perf_counter()
        try:
            target = self._checked(url)
            async with self._session.post(
                target, data=body, headers=headers, allow_redirects=False
            ) as response:
                return Answer(
                    status=response.status,
                    headers=_kept(response.headers),
                    body_excerpt=await _excerpt(response),
                    elapsed_ms=_ms_since(started),
                )
        except (EndpointUrlRefused, AddressRefused, TimeoutError, aiohttp.ClientError) as error:
            kind, detail = _explained(error)
            raise DeliveryFailed(kind, detail, _ms_since(started)) from error


def _limits(seconds: float) -> aiohttp.ClientTimeout:
    """Return limits of time; aiohttp would round those over five seconds up."""
    return aiohttp.ClientTimeout(seconds, sock_connect=_CONNECT_SECONDS, ceil_threshold=math.inf)


def _vetted_socket(
    info: aiohttp.AddrInfoType,
    *,
    allow_loopback: bool,
) -> socket.socket:
    """Open a socket for the address that aiohttp connects it to next, unless it is refused.

    aiohttp hands the same tuple to `sock_connect`; being canonical, it is not resolved again.
    """
    family, type, protocol, _, address = info
    vet(str(address[0]), allow_loopback=allow_loopback)
    return socket.socket(family, type, protocol)


async def _excerpt(response: aiohttp.ClientResponse) -> bytes:
    """Read what is kept of the body; the status has come and counts, whatever the body does."""
    excerpt = bytearray()
    with suppress(TimeoutError, aiohttp.ClientError):
        while chunk := await response.content.read(EXCERPT - len(excerpt)):
            excerpt += chunk
    return bytes(excerpt)


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: headers[name] for name in _KEPT_HEADERS if name in headers}


def _explained(error: Exception) -> tuple[Failure, str]:
    match error:
        case EndpointUrlRefused() | AddressRefused():
            return Failure.REFUSED_ADDRESS, str(error)
        case TimeoutError():
            return Failure.TIMEOUT, "No answer in time."
        case aiohttp.ClientConnectorDNSError():
            return Failure.DNS, "The name can't be resolved."
        case aiohttp.ClientSSLError():
            return Failure.TLS, _tls_detail(error)
        case aiohttp.ClientConnectorError() | aiohttp.ClientHttpProxyError():
            return Failure.CONNECT, _connect_detail(error)
        case _:
            return Failure.NO_ANSWER, "The connection ended without a readable HTTP answer."


def _connect_detail(error: aiohttp.ClientConnectorError | aiohttp.ClientHttpProxyError) -> str:
    """Say what the system says; asyncio's own sentence would name the address."""
    match error:
        case aiohttp.ClientHttpProxyError():
            return f"Our proxy could not connect (status {error.status})."
        case aiohttp.ClientProxyConnectionError():
            return "Our proxy can't be reached."
        case _:
            return os.strerror(error.errno) if error.errno else "The connection failed."


def _tls_detail(error: aiohttp.ClientSSLError) -> str:
    cause = error.__cause__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"The certificate is not valid: {cause.verify_message}."
    return "TLS could not be agreed on."


def _ms_since(started: float) -> int:
    return round((perf_counter() - started) * 1000)
