"""The production adapter against the sandbox, and the two clocks moved together."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import httpx
import pytest

from payymo_api.banking.gateway import Consent, Tokens
from payymo_api.banking.gateway.gocardless import GoCardless
from payymo_api.core import clock
from payymo_api.sandbox.app import SECRET_ID, SECRET_KEY
from tests.sandbox.conftest import control

__all__ = ["control"]

ALBION = "ALBION_ALBNGB2L"
REDIRECT = "https://payymo.example/callback"


@dataclass
class KeptTokens:
    """A TokenStore in memory."""

    tokens: Tokens | None = None
    saved: int = 0

    async def load(self) -> Tokens | None:
        return self.tokens

    async def save(self, tokens: Tokens) -> None:
        self.tokens = tokens
        self.saved += 1


@dataclass
class World:
    """The sandbox, seen by a tester: its control API, its log, and time for both sides."""

    control: httpx.AsyncClient
    url: str
    ahead: timedelta = field(default_factory=timedelta)

    def now(self) -> datetime:
        return clock.now() + self.ahead

    def today(self) -> date:
        return self.now().date()

    async def advance(self, **time: float) -> None:
        self.ahead += timedelta(**time)
        seconds = timedelta(**time).total_seconds()
        await self.say("PUT", "/clock", advance_seconds=seconds)

    async def fault(self, **fault: object) -> None:
        await self.say("POST", "/faults", **fault)

    async def say(self, method: str, path: str, /, **body: object) -> None:
        answer = await self.control.request(method, path, json=body)
        answer.raise_for_status()

    async def calls(self, part: str) -> int:
        """How many requests came whose path has `part` in it."""
        log = (await self.control.get("/calls")).json()
        return sum(part in call["path"] for call in log)

    async def decide(self, consent: Consent, choice: str = "approve") -> httpx.URL:
        """Do what the bank's user does; return where that sends the browser."""
        answer = await self.control.get(f"{consent.authorization_url}?{choice}=1")
        assert answer.status_code == httpx.codes.FOUND, answer.text
        return httpx.URL(answer.headers["location"])


@pytest.fixture
def world(control: httpx.AsyncClient, sandbox_url: str) -> World:
    return World(control, sandbox_url)


@pytest.fixture
def store() -> KeptTokens:
    return KeptTokens()


@pytest.fixture
async def gateway(world: World, store: KeptTokens) -> AsyncIterator[GoCardless]:
    gateway = GoCardless(
        world.url, secret_id=SECRET_ID, secret_key=SECRET_KEY, token_store=store, now=world.now
    )
    yield gateway
    await gateway.aclose()


@pytest.fixture
async def consent(gateway: GoCardless, world: World) -> Consent:
    """Given by the user: Albion's two accounts are linked."""
    institution = await gateway.institution(ALBION)
    consent = await gateway.request_consent(
        institution, redirect_url=REDIRECT, reference="shared", history_days=90
    )
    await world.decide(consent)
    return consent


@pytest.fixture
async def account(gateway: GoCardless, consent: Consent) -> str:
    """The reference of Albion's account in pounds."""
    return (await gateway.consent(consent.ref)).account_refs[0]
