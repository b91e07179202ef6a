"""Clients that take payments by Stripe, and repeat a request until they know what came of it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from payymo_api.sandbox.stripe.platform import SECRET_KEY
from tests.fault.say import say
from tests.fault.stage import Player, Stage

_AT_ONCE = 12  # requests in flight; who has to wait stands aside
_PAYMENTS = "/api/v1/stripe/payments"
_PAUSE = 0.5
_TOLD = 200  # orders between two lines of progress
_WISHES = ("pay", "pay", "pay", "pay", "refund", "refund", "capture", "cancel", "decline", "secure")
_CARDS = {"decline": "pm_card_chargeDeclined", "secure": "pm_card_threeDSecure2Required"}
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Order:
    """One payment that a client wants, of an amount of its own; `wish`: what is to come of it."""

    number: int

    @property
    def wish(self) -> str:
        return _WISHES[self.number % len(_WISHES)]

    @property
    def minor(self) -> int:
        return 1000 + self.number

    def body(self, connection_id: str) -> Json:
        return {
            "connection_id": connection_id,
            "amount_minor": self.minor,
            "currency": "GBP",
            "metadata": {"order": str(self.number)},
            "payment_method": _CARDS.get(self.wish, "pm_card_visa"),
            "confirm": True,
            "capture_method": "manual" if self.wish in {"capture", "cancel"} else "automatic",
        }


@dataclass(slots=True)
class Shoppers:
    """`asked`: what was answered, by status; 0 is no answer at all."""

    session: aiohttp.ClientSession
    connection_id: str
    asked: Counter[int] = field(default_factory=Counter)
    finished: int = 0
    _turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    async def buy(self, order: Order) -> None:
        """Pay, and then capture, cancel or refund, as the order wishes."""
        key, body = f"order-{order.number}", order.body(self.connection_id)
        status, made = await self._until_known(_PAYMENTS, key, body)
        assert status == (402 if order.wish == "decline" else 201), made
        if order.wish in {"capture", "cancel", "refund"}:
            action = "refunds" if order.wish == "refund" else order.wish
            path = f"{_PAYMENTS}/{made['id']}/{action}"
            part = {} if order.wish == "cancel" else {"amount_minor": order.minor // 2}
            status, told = await self._until_known(path, f"{key}-{action}", part)
            assert status in {200, 201}, told
        self.finished += 1
        if self.finished % _TOLD == 0:
            say(f"{self.finished} orders are done")

    async def _until_known(self, path: str, key: str, body: Json) -> tuple[int, Json]:
        while True:
            async with self._turn:
                status, told = await self._ask(path, key, body)
                self.asked[status] += 1
                if not status:
                    await asyncio.sleep(_PAUSE)  # nobody else would get through
            if status and status < 500 and told.get("code") != "idempotency_in_flight":
                return status, told
            await asyncio.sleep(_PAUSE)

    async def _ask(self, path: str, key: str, body: Json) -> tuple[int, Json]:
        try:
            async with self.session.post(
                path, json=body, headers={"Idempotency-Key": key}
            ) as answer:
                return answer.status, await answer.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return 0, {}


@asynccontextmanager
async def shoppers(stage: Stage, player: Player) -> AsyncIterator[Shoppers]:
    """Connect the player to the sandbox's Stripe; nothing may be out of order yet."""
    async with aiohttp.ClientSession(
        stage.stack.base_url,
        timeout=aiohttp.ClientTimeout(total=30),
        headers={"X-API-Key": player.key},
    ) as session:
        body = {"type": "key", "secret_key": SECRET_KEY}
        async with session.post("/api/v1/stripe/connections", json=body) as answer:
            made: Mapping[str, Any] = await answer.json()
            assert answer.status == 201, made
        yield Shoppers(session, str(made["id"]))
