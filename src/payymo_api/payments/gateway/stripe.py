"""A Stripe account, by the official SDK. It repeats what broke, with the same key; a 429 we do."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

import orjson
import stripe
from typing_extensions import override

from payymo_api.payments.errors import StripeBusy, StripeUnreadable
from payymo_api.payments.gateway import EXPANDED, Listed, Params, StripeAccount
from payymo_api.payments.gateway.refusals import refusal
from payymo_api.payments.rules.raw import Raw

API_VERSION: Final = "2026-10-28.endive"
"""The shapes that `payments.rules` read; whatever an account's own default is."""
_TIMEOUT_SECONDS = 20.0
_REPEATS = 2
_BUSY_TRIES = 3
_BUSY_SECONDS = 0.5

stripe.enable_telemetry = False
Http = stripe.HTTPXClient
Watch = Callable[[], AbstractAsyncContextManager[None]]
"""Opened around each call: it sees what is refused."""


def open_http() -> Http:
    """Return what all accounts' calls share: one pool of connections, for one event loop."""
    return Http(timeout=_TIMEOUT_SECONDS)


@dataclass(frozen=True, slots=True)
class SdkAccount(StripeAccount):
    """`account_id`: a connected account that the platform's key acts for; else the key's own."""

    url: str
    http: Http
    secret_key: str = field(repr=False)
    account_id: str | None = None
    watch: Watch = field(default=nullcontext, repr=False)

    @override
    async def retrieve(self, kind: str, stripe_id: str) -> Raw:
        return await self._call("get", _address(kind, stripe_id), _expanded(kind))

    @override
    async def list(self, kind: str, params: Params) -> Listed:
        inside = [f"data.{part}" for part in EXPANDED.get(kind, ())]
        expand = {"expand": inside} if inside else {}
        page = await self._call("get", f"{kind}s", {**params, **expand})
        return Listed(page["data"], page["has_more"])

    @override
    async def create(self, kind: str, params: Params, *, key: str) -> Raw:
        return await self._call("post", f"{kind}s", {**params, **_expanded(kind)}, key)

    @override
    async def update(self, kind: str, stripe_id: str, params: Params, *, key: str) -> Raw:
        params = {**params, **_expanded(kind)}
        return await self._call("post", _address(kind, stripe_id), params, key)

    @override
    async def act(self, kind: str, stripe_id: str, action: str, params: Params, *, key: str) -> Raw:
        params = {**params, **_expanded(kind)}
        return await self._call("post", f"{_address(kind, stripe_id)}/{action}", params, key)

    @override
    async def remove(self, kind: str, stripe_id: str, params: Params) -> Raw:
        return await self._call("delete", _address(kind, stripe_id), params)

    @override
    async def fetch(self, path: str, params: Params | None = None) -> Raw:
        return await self._call("get", path, params or {})

    async def _call(self, method: str, path: str, params: Params, key: str | None = None) -> Raw:
        options: dict[str, Any] = {"idempotency_key": key} if key else {}

        async def send() -> Raw:
            answer = await self._client().raw_request_async(
                method, f"/v1/{path}", **params, **options
            )
            return _object(answer.body)

        async with self.watch():
            return await _patiently(send)

    def _client(self) -> stripe.StripeClient:
        return stripe.StripeClient(
            self.secret_key,
            stripe_account=self.account_id,
            stripe_version=API_VERSION,
            base_addresses={"api": self.url},
            http_client=self.http,
            max_network_retries=_REPEATS,
        )


async def _patiently(send: Callable[[], Awaitable[Raw]]) -> Raw:
    """Send, and again when Stripe asks us to slow down: later each time, and not all at once."""
    for wait in [_BUSY_SECONDS * 2**number for number in range(_BUSY_TRIES)]:
        try:
            return await _translated(send)
        except StripeBusy:
            await asyncio.sleep(wait * random.uniform(0.5, 1))  # noqa: S311  spread, not secret
    return await _translated(send)


async def _translated(send: Callable[[], Awaitable[Raw]]) -> Raw:
    try:
        return await send()
    except stripe.StripeError as error:
        raise refusal(error) from error


def _address(kind: str, stripe_id: str) -> str:
    """Whatever an event says that an id is, it leads to nothing but an object of the kind."""
    return f"{kind}s/{quote(stripe_id, safe='')}"


def _expanded(kind: str) -> dict[str, Any]:
    return {"expand": list(EXPANDED[kind])} if kind in EXPANDED else {}


def _object(body: str | bytes) -> Raw:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise StripeUnreadable("Stripe answered without JSON.") from error
    if not isinstance(found, dict):
        raise StripeUnreadable("Stripe answered with no object.")
    return found
