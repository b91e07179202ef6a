"""Webhooks: signed, sent, retried; lost, doubled and disordered where a tester asks for it."""

import asyncio
import hmac
import json
from collections import deque
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx

from payymo_api.core import clock
from payymo_api.core.clock import rfc3339
from payymo_api.sandbox.stripe.refusals import Wire

_LOG_KEPT = 50_000
_OK = range(200, 300)


@dataclass(frozen=True, slots=True)
class Secret:
    """`until`: the end of a roll, in unix seconds of the real clock."""

    value: str
    until: float | None = None

    def lives(self, now: float) -> bool:
        return self.until is None or self.until > now


@dataclass(slots=True)
class Manners:
    """How the sandbox delivers. `hold` keeps events back until it is turned off.

    `drop` and `duplicate` are shares from 0 to 1; `shuffle` delivers in any order;
    `retry_seconds` are the waits after each failed attempt; `at_once` how many are under way.
    """

    hold: bool = False
    drop: float = 0.0
    duplicate: float = 0.0
    shuffle: bool = False
    retry_seconds: tuple[float, ...] = (1.0, 5.0, 25.0)
    timeout_seconds: float = 10.0
    at_once: int = 4


@dataclass(slots=True)
class Parcel:
    """An event on its way to an endpoint; `body` is serialised once."""

    event_id: str
    event_type: str
    endpoint: Wire
    body: bytes
    attempt: int = 0


@dataclass(slots=True)
class Courier:
    seed: str
    manners: Manners = field(default_factory=Manners)
    waiting: deque[Parcel] = field(default_factory=deque)
    log: deque[Wire] = field(default_factory=lambda: deque(maxlen=_LOG_KEPT))
    _chance: Random = field(default_factory=Random)
    _under_way: int = 0
    _running: set[asyncio.Task[None]] = field(default_factory=set)
    _retries: set[asyncio.TimerHandle] = field(default_factory=set)

    def reset(self, seed: str) -> None:
        self.seed = seed
        self.manners = Manners()
        self._chance = Random(f"{seed}/courier")  # noqa: S311  repeatable faults
        self.waiting.clear()
        self.log.clear()
        for handle in self._retries:
            handle.cancel()
        self._retries.clear()

    def post(self, endpoint: Wire, event: Wire) -> None:
        if self._chance.random() < self.manners.drop:
            self._note(event["id"], event["type"], endpoint, 0, "dropped")
            return
        body = json.dumps(event | {"pending_webhooks": 1}, indent=2).encode()
        parcel = Parcel(event["id"], event["type"], endpoint, body)
        copies = 1 + (self._chance.random() < self.manners.duplicate)
        for _ in range(copies):
            self._queue(parcel)

    def _queue(self, parcel: Parcel) -> None:
        self.waiting.append(parcel)
        if self.manners.shuffle:
            place = self._chance.randrange(len(self.waiting))
            self.waiting[-1], self.waiting[place] = self.waiting[place], self.waiting[-1]
        self.start()

    def release(self) -> None:
        """Send what was held."""
        if self.manners.shuffle:
            held = list(self.waiting)
            self._chance.shuffle(held)
            self.waiting = deque(held)
        self.start()

    def start(self) -> None:
        """Set out with what waits, `at_once` parcels at a time."""
        if self.manners.hold:
            return
        for _ in range(min(len(self.waiting), self.manners.at_once - self._under_way)):
            self._under_way += 1
            task = asyncio.get_running_loop().create_task(self._drain())
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _drain(self) -> None:
        """Counted out before the client closes: what comes meanwhile is set out with anew."""
        async with httpx.AsyncClient(timeout=self.manners.timeout_seconds) as client:
            try:
                while self.waiting and not self.manners.hold:
                    await self._deliver(client, self.waiting.popleft())
            finally:
                self._under_way -= 1

    async def _deliver(self, client: httpx.AsyncClient, parcel: Parcel) -> None:
        parcel = Parcel(
            parcel.event_id, parcel.event_type, parcel.endpoint, parcel.body, parcel.attempt + 1
        )
        status: int | str
        try:
            answer = await client.post(
                parcel.endpoint["url"], content=parcel.body, headers=_headers(parcel)
            )
            status = answer.status_code
        except httpx.HTTPError as error:
            status = type(error).__name__
        self._note(parcel.event_id, parcel.event_type, parcel.endpoint, parcel.attempt, status)
        if status not in _OK and parcel.attempt <= len(self.manners.retry_seconds):
            self._retry(parcel)

    def _retry(self, parcel: Parcel) -> None:
        def again() -> None:
            self._retries.discard(handle)
            self._queue(parcel)

        seconds = self.manners.retry_seconds[parcel.attempt - 1]
        handle = asyncio.get_running_loop().call_later(seconds, again)
        self._retries.add(handle)

    def _note(
        self, event_id: str, type: str, endpoint: Wire, attempt: int, status: int | str
    ) -> None:
        noted: dict[str, Any] = {
            "at": rfc3339(clock.now()),
            "event": event_id,
            "type": type,
            "endpoint": endpoint["id"],
            "attempt": attempt,
            "status": status,
        }
        self.log.append(noted)

    @property
    def idle(self) -> bool:
        return not (self.waiting or self._running or self._retries)


def _headers(parcel: Parcel) -> dict[str, str]:
    return {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        "Stripe-Signature": signature(parcel.body, parcel.endpoint["secrets"]),
    }


def signature(body: bytes, secrets: list[Secret]) -> str:
    """Sign with every living secret, at the real time, which is the receiver's."""
    now = clock.now().timestamp()
    signed = f"{int(now)}.".encode() + body
    living = [secret.value.encode() for secret in secrets if secret.lives(now)]
    signs = [f"v1={hmac.digest(secret, signed, 'sha256').hex()}" for secret in living]
    return ",".join([f"t={int(now)}", *signs])
