"""Delivery by aiohttp, which sends ten times as many small POSTs per CPU second as httpx."""

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
from payymo_api.webhooks.gateway import Answer, DeliveryFailed, Failure, Sender
from payymo_api.webhooks.gateway.urls import check_url
from payymo_api.webhooks.rules import addresses

EXCERPT = 16 * 1024
"""Bytes of an answer that are read; the connection is closed on more."""

_CONNECT_SECONDS = 5.0
_IDLE_SECONDS = 2.0  # less than any common server's keep-alive, so that none closes under a POST
_CONNECTIONS = 1000
_CONNECTIONS_PER_HOST = 100
_KEPT_HEADERS = ("content-type", "location", "retry-after")
_DEFAULT_HEADERS = {
    "User-Agent": f"Payymo-Webhooks/{version('payymo-api')}",
    "Content-Type": "application/json",
    "Accept": "*/*",
    "Accept-Encoding": "identity",
}


class _AddressRefused(Exception):
    """Not an OSError: aiohttp would go on to the next address of the same DNS answer."""


class AiohttpSender(Sender):
    """One pool of connections, each to an address that was judged when it was opened.

    Create it inside the running loop, close it with `aclose`. Waiting for a free connection
    counts against `timeout_seconds`: callers keep fewer than 100 posts to a host in flight.
    """

    def __init__(
        self,
        *,
        timeout_seconds: float = 10.0,
        allow_loopback: bool = False,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._vetted = lru_cache(4096)(partial(check_url, allow_loopback=allow_loopback))
        connector = aiohttp.TCPConnector(
            socket_factory=partial(_vetted_socket, allow_loopback=allow_loopback),
            happy_eyeballs_delay=None,  # its race swallows what is no OSError, our refusal too
            resolver=resolver,
            limit=_CONNECTIONS,
            limit_per_host=_CONNECTIONS_PER_HOST,
            keepalive_timeout=_IDLE_SECONDS,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            headers=_DEFAULT_HEADERS,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=timeout_seconds, sock_connect=_CONNECT_SECONDS),
            auto_decompress=False,  # an excerpt needs no decompression, a bomb would
            trust_env=False,  # behind a proxy the address connected is not the endpoint's
            read_bufsize=EXCERPT,
        )

    @classmethod
    def of(cls, settings: Settings) -> "AiohttpSender":
        return cls(
            timeout_seconds=settings.webhook_timeout_seconds,
            allow_loopback=settings.webhook_allow_loopback,
        )

    async def aclose(self) -> None:
        await self._session.close()

    @override
    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        started = perf_counter()
        try:
            target = self._vetted(url)
            async with self._session.post(
                target, data=body, headers=headers, allow_redirects=False
            ) as response:
                return Answer(
                    status=response.status,
                    headers=_kept(response.headers),
                    body_excerpt=await _excerpt(response),
                    elapsed_ms=_ms_since(started),
                )
        except (EndpointUrlRefused, _AddressRefused, TimeoutError, aiohttp.ClientError) as error:
            kind, detail = _explained(error)
            raise DeliveryFailed(kind, detail, _ms_since(started)) from error


def _vetted_socket(
    info: aiohttp.AddrInfoType,
    *,
    allow_loopback: bool,
) -> socket.socket:
    """Open a socket for the address that aiohttp connects it to next, unless it is refused.

    aiohttp hands the same tuple to `sock_connect`; being canonical, it is not resolved again.
    """
    family, type, protocol, _, address = info
    if reason := addresses.refusal(str(address[0]), allow_loopback=allow_loopback):
        raise _AddressRefused(f"The URL leads to an address we don't send to: {reason}.")
    return socket.socket(family, type, protocol)


async def _excerpt(response: aiohttp.ClientResponse) -> bytes:
    """Read what is kept of the body; the status has come, so a broken body changes nothing."""
    excerpt = bytearray()
    with suppress(TimeoutError, aiohttp.ClientError):
        while chunk := await response.content.read(EXCERPT - len(excerpt)):
            excerpt += chunk
    return bytes(excerpt)


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: headers[name] for name in _KEPT_HEADERS if name in headers}


def _explained(error: Exception) -> tuple[Failure, str]:
    match error:
        case EndpointUrlRefused() | _AddressRefused():
            return Failure.REFUSED_ADDRESS, str(error)
        case TimeoutError():
            return Failure.TIMEOUT, "No answer in time."
        case aiohttp.ClientConnectorDNSError():
            return Failure.DNS, "The name can't be resolved."
        case aiohttp.ClientSSLError():
            return Failure.TLS, _tls_detail(error)
        case aiohttp.ClientConnectorError():
            return Failure.CONNECT, _connect_detail(error.os_error)
        case _:
            return Failure.NO_ANSWER, "The connection ended without a readable HTTP answer."


def _connect_detail(error: OSError) -> str:
    """Say what the system says; asyncio's own sentence would name the address."""
    return os.strerror(error.errno) if error.errno else "The connection failed."


def _tls_detail(error: aiohttp.ClientSSLError) -> str:
    cause = error.__cause__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"The certificate is not valid: {cause.verify_message}."
    return "TLS could not be agreed on."


def _ms_since(started: float) -> int:
    return round((perf_counter() - started) * 1000)
