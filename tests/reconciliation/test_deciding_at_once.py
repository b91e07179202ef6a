"""The engine suggests, people accept, reject, match by hand and take apart, all at random."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx
from sqlalchemy import select

from payymo_api.banking.models import Transaction
from payymo_api.banking.repository import rollups
from payymo_api.core.db import Database
from payymo_api.core.types import TenantId
from payymo_api.reconciliation.models import Suggestion
from tests.invoicing.factories import make_customer, make_invoice
from tests.reconciliation.factories import (
    LEARNED,
    MATCH,
    PAYER,
    STATUS,
    SUGGESTIONS,
    answer,
    make_line,
    match,
    part,
    proposal,
    say,
    share,
)
from tests.reconciliation.test_concurrency import check_sums


@dataclass
class Crowd:
    """Everyone who decides about a few lines and invoices; each act is one call."""

    client: httpx.AsyncClient
    database: Database
    tenant_id: TenantId
    lines: list[str]
    invoices: list[str]
    chance: random.Random

    async def act(self) -> None:
        acts: list[Callable[[], Awaitable[httpx.Response | None]]] = [
            *(self.suggest, self.suggest, self.accept, self.accept_many, self.reject),
            *(self.match, self.take_apart, self.take_apart, self.forget),
        ]
        answered = await self.chance.choice(acts)()
        assert answered is None or answered.status_code in {200, 201, 204, 409}, answered.text

    async def suggest(self) -> None:
        """Say something of three lines, and nothing of another."""
        *some, other = self.chance.sample(self.lines, 4)
        answers = [
            answer(
                each, *(proposal(share(id, 10000)) for id in self.chance.sample(self.invoices, 2))
            )
            for each in some
        ]
        await say(self.database, self.tenant_id, *answers, answer(other))

    async def accept(self) -> httpx.Response | None:
        id = await self._any(SUGGESTIONS, status="pending")
        body = {"proposal": self.chance.randrange(2)}
        return await self.client.post(f"{SUGGESTIONS}/{id}/accept", json=body) if id else None

    async def accept_many(self) -> httpx.Response | None:
        ids = await self._ids(SUGGESTIONS, status="pending")
        body = {"ids": ids}
        return await self.client.post(f"{SUGGESTIONS}/accept", json=body) if ids else None

    async def reject(self) -> httpx.Response | None:
        id = await self._any(SUGGESTIONS, status="pending")
        return await self.client.post(f"{SUGGESTIONS}/{id}/reject") if id else None

    async def match(self) -> httpx.Response:
        pair = self.chance.choice(self.lines), self.chance.choice(self.invoices)
        return await match(self.client, part(*pair, 10000))

    async def take_apart(self) -> httpx.Response | None:
        id = await self._any(f"{STATUS}/matches", status="active")
        return await self.client.delete(f"{MATCH}/{id}") if id else None

    async def forget(self) -> httpx.Response:
        return await self.client.delete(LEARNED)

    async def _any(self, path: str, **params: Any) -> str | None:  # noqa: ANN401  httpx's own
        ids = await self._ids(path, **params)
        return self.chance.choice(ids) if ids else None

    async def _ids(self, path: str, **params: Any) -> list[str]:  # noqa: ANN401  httpx's own
        found = (await self.client.get(path, params=params)).json()["data"]
        return [each["id"] for each in found]


async def test_bounds_hold_while_suggestions_come_and_are_decided(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    payer = {"counterparty_iban": PAYER, "counterparty_name": "Rosa Blåvik Ltd"}
    customer = await make_customer(client)
    invoices = [await make_invoice(client, customer_id=customer["id"]) for _ in range(6)]
    crowd = Crowd(
        client,
        database,
        tenant_id,
        [await make_line(database, tenant_id, 10000, **payer) for _ in range(6)],
        [each["id"] for each in invoices],
        random.Random(5),  # noqa: S311  a repeatable order, no secret
    )

    async def one_of_us() -> None:
        for _ in range(15):
            await crowd.act()
            await check_sums(database, tenant_id)

    await asyncio.gather(*(one_of_us() for _ in range(10)))

    async with database.scope(tenant_id) as scope:
        assert await rollups.differences(scope) == 0
        suggested = await scope.session.scalars(
            select(Transaction.id).where(Transaction.match_state == "suggested")
        )
        pending = await scope.session.scalars(
            select(Suggestion.transaction_id).where(Suggestion.status == "pending")
        )
        assert sorted(suggested) == sorted(pending)
