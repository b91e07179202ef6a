"""Our routes and jobs against the sandbox: the production adapter, real HTTP, real PostgreSQL."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select, update

from payymo_api.banking import tasks
from payymo_api.banking.gateway.gocardless import GoCardless
from payymo_api.banking.models import BankAccount
from payymo_api.banking.repository.provider import SealedTokens
from payymo_api.banking.service.banks import Banks
from payymo_api.core import clock
from payymo_api.core.db import Database
from payymo_api.core.types import EventId, TenantId
from payymo_api.edge.state import Parts
from payymo_api.messaging.models import OutboxEvent
from payymo_api.messaging.work import perform
from payymo_api.sandbox.app import SECRET_ID, SECRET_KEY
from tests.banking.gateway.conftest import World
from tests.conftest import Someone
from tests.sandbox.conftest import control

__all__ = ["control"]

ALBION = "ALBION_ALBNGB2L"
CONNECTIONS = "/api/v1/bank_connections"
TRANSACTIONS = "/api/v1/transactions"
ACCOUNTS = "/api/v1/bank_accounts"
REDIRECT = "https://app.example.com/done?from=bank"


@pytest.fixture
def world(control: httpx.AsyncClient, sandbox_url: str) -> World:
    return World(control, sandbox_url)


@pytest.fixture
async def banks(app: FastAPI, parts: Parts, sandbox_url: str) -> AsyncIterator[Banks]:
    """The app's and the jobs' way to the sandbox, with tokens at rest in PostgreSQL."""
    store = SealedTokens(parts.database, parts.keyring, "gocardless")
    gateway = GoCardless(sandbox_url, secret_id=SECRET_ID, secret_key=SECRET_KEY, token_store=store)
    usual, app.state.banks = app.state.banks, Banks({"gocardless": gateway})
    yield app.state.banks
    app.state.banks = usual
    await gateway.aclose()


@dataclass
class Calendar:
    """Time for both sides: the sandbox runs in this process."""

    monkeypatch: pytest.MonkeyPatch
    ahead: timedelta = field(default_factory=timedelta)

    def advance(self, **time: float) -> None:
        self.ahead += timedelta(**time)
        self.monkeypatch.setattr(clock, "source", lambda: datetime.now(UTC) + self.ahead)


@pytest.fixture
def calendar(monkeypatch: pytest.MonkeyPatch) -> Calendar:
    return Calendar(monkeypatch)


@dataclass
class Office:
    """A tenant at work: what its systems, its account holder and our workers do."""

    someone: Someone
    world: World
    banks: Banks
    database: Database
    browser: httpx.AsyncClient
    institution: str = field(default=ALBION)

    @property
    def client(self) -> httpx.AsyncClient:
        return self.someone.client

    async def begin(self, **headers: str) -> dict[str, Any]:
        """Ask for a connection; the account holder has not been at the bank yet."""
        body = {"institution_id": self.institution, "redirect_url": REDIRECT}
        answer = await self.client.post(CONNECTIONS, json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        return answer.json()  # type: ignore[no-any-return]  # JSON

    async def consent(self, connection: dict[str, Any], choice: str = "approve") -> httpx.Response:
        """The account holder decides at the bank; the browser follows where the bank sends it."""
        url = f"{connection['authorization_url']}?{choice}=1"
        there = await self.world.control.get(url)
        return await self.browser.get(there.headers["location"])

    async def connect(self) -> dict[str, Any]:
        """A connection, consented to and read once."""
        made = await self.begin()
        assert (await self.consent(made)).status_code == 303
        await self.work()
        return await self.get(f"{CONNECTIONS}/{made['id']}")

    async def get(self, path: str, **query: Any) -> dict[str, Any]:  # noqa: ANN401  query values
        answer = await self.client.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()  # type: ignore[no-any-return]  # JSON

    async def lines(self, **query: Any) -> list[dict[str, Any]]:  # noqa: ANN401  query values
        found, cursor = [], None
        while True:
            page = await self.get(
                TRANSACTIONS, limit=200, **query, **({"cursor": cursor} if cursor else {})
            )
            found += page["data"]
            cursor = page["next_cursor"]
            if cursor is None:
                return found

    async def work(self) -> None:
        """Do the jobs that are due, as the sync worker does."""
        acts = {
            "account.due": lambda t, p: tasks.sync_account(self.database, self.banks, t, p),
            "consent.revoked": lambda _, p: tasks.end_consent(self.banks, p),
        }
        for row in await self.events(*acts):
            if row.done_at is None:
                await perform(self.database, acts[row.name], row.tenant_id, EventId(row.id))

    async def events(self, *names: str) -> list[OutboxEvent]:
        tenant_id: TenantId = self.someone.tenant_id
        statement = select(OutboxEvent).where(
            OutboxEvent.tenant_id == tenant_id, OutboxEvent.name.in_(names)
        )
        async with self.database.scope(tenant_id) as scope:
            return list(await scope.session.scalars(statement.order_by(OutboxEvent.id)))

    async def refresh(self, connection: dict[str, Any]) -> httpx.Response:
        answer = await self.client.post(f"{CONNECTIONS}/{connection['id']}/refresh")
        await self.work()
        return answer

    async def reauthorize(self, connection: dict[str, Any]) -> dict[str, Any]:
        """The account holder consents anew, and the accounts are read."""
        path = f"{CONNECTIONS}/{connection['id']}"
        asked = await self.client.post(f"{path}/reauthorize", json={})
        assert asked.status_code == 202, asked.text
        assert (await self.consent(asked.json())).status_code == 303
        await self.work()
        return await self.get(path)

    async def account(self, place: dict[str, Any]) -> dict[str, Any]:
        """Read an account anew, given any answer that names it first."""
        return await self.get(f"{ACCOUNTS}/{place['accounts'][0]['id']}")

    async def runs(self, connection: dict[str, Any]) -> list[dict[str, Any]]:
        return (await self.get(f"{CONNECTIONS}/{connection['id']}/sync_runs"))["data"]  # type: ignore[no-any-return]  # JSON

    async def say_lines(self, iban: str, *booked: dict[str, Any], pending: Any = ()) -> None:  # noqa: ANN401  wire objects
        """From now on the bank tells exactly these lines of the account."""
        path = f"/gocardless/accounts/{iban}/transactions"
        await self.world.say("PUT", path, booked=list(booked), pending=list(pending))


@pytest.fixture
async def office(
    someone: Someone,
    world: World,
    banks: Banks,
    database: Database,
    anonymous: httpx.AsyncClient,
) -> AsyncIterator[Office]:
    """Afterwards its accounts are due no more, lest another test's sweep finds a crowd."""
    yield Office(someone, world, banks, database, anonymous)
    async with database.scope(someone.tenant_id) as scope:
        await scope.session.execute(update(BankAccount).values(next_sync_at=None))
