"""A Stripe account, by the official SDK. It repeats what broke, with the same key; a 429 we do."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

import orjson
import stripe
from typing_extensions import override

from payymo_api.payments.errors import StripeUnreadable
from payymo_api.payments.gateway import EXPANDED, Listed, Params, StripeAccount
from payymo_api.payments.gateway.pacing import Pacer
from payymo_api.payments.gateway.refusals import refusal
from payymo_api.payments.rules.raw import Raw

API_VERSION: Final = "2026-10-28.endive"
"""The shapes that `payments.rules` read; whatever an account's own default is."""
_TIMEOUT_SECONDS = 20.0
_REPEATS = 2

stripe.enable_telemetry = False
Http = stripe.HTTPXClient
Watch = Callable[[], AbstractAsyncContextManager[None]]
"""Opened around each call: it sees what is refused."""


def open_http() -> Http:
    """Return what all accounts' calls share: one pool of connections, for one event loop."""
    return Http(timeout=_TIMEOUT_SECONDS)


@dataclass(frozen=True, slots=True)
class SdkAccount(StripeAccount):
    """`account_id`: a connected account that the platform's key acts for; else the key's own.

    `has_time`: its calls wait for their turn, and let those that have none go before.
    """

    url: str
    http: Http
    secret_key: str = field(repr=False)
    account_id: str | None = None
    watch: Watch = field(default=nullcontext, repr=False)
    pacer: Pacer = field(default_factory=Pacer, repr=False)
    has_time: bool = False

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
            try:
                answer = await self._client().raw_request_async(
                    method, f"/v1/{path}", **params, **options
                )
            except stripe.StripeError as error:
                if isinstance(error, stripe.RateLimitError):
                    self.pacer.brake()
                raise refusal(error) from error
            return _object(answer.body)

        async with self.watch():
            return await self.pacer.call(send, has_time=self.has_time)

    def _client(self) -> stripe.StripeClient:
        return stripe.StripeClient(
            self.secret_key,
            stripe_account=self.account_id,
            stripe_version=API_VERSION,
            base_addresses={"api": self.url},
            http_client=self.http,
            max_network_retries=_REPEATS,
        )


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
