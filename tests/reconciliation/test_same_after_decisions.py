"""The service and the engine in memory decide alike after people have decided; made-up data."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from payymo_api.banking.repository import TransactionRepository
from payymo_api.core.clock import now
from payymo_api.core.db import Database
from payymo_api.core.types import TenantId, TransactionId, parse_public_id, public_id
from payymo_api.reconciliation import tasks
from payymo_api.reconciliation.models import Allocation, Match, Suggestion
from payymo_api.reconciliation.repository.candidates import Candidates
from payymo_api.reconciliation.rules.matcher import Matcher
from payymo_api.reconciliation.rules.values import Answer, Line, Share
from payymo_api.reconciliation.service import loading, proposals
from payymo_api.reconciliation.service.lines import line_of
from tests.invoicing.factories import make_customer, make_invoice
from tests.reconciliation.factories import MATCH, STATUS, make_line, match, part

NAMES = ("Rosa Foods", "Quay Foods", "Rosa Marine", "Harbour Marine", "Ivor Lund", "Lund Timber")
OTHERS = ("City Council", "Rosa Council", "Ivor Marine", "Foods Bank")
MINORS = (5000, 7500, 10000)
DAY = date(2026, 3, 2)
Said = tuple[str, frozenset[UUID], float]
"""Verdict, the first proposal's documents, its probability."""


@dataclass
class Books:
    """One tenant in the service, and the same in memory."""

    client: httpx.AsyncClient
    database: Database
    tenant_id: TenantId
    chance: Random
    matcher: Matcher = field(default_factory=Matcher)
    debts: list[tuple[str, str, int]] = field(default_factory=list)
    """Invoice, its customer's name, its amount."""

    async def owe(self) -> None:
        customers = {name: (await make_customer(self.client, name=name))["id"] for name in NAMES}
        for name, minor in [(name, minor) for name in NAMES for minor in MINORS * 3]:
            made = await make_invoice(
                self.client, customer_id=customers[name], amount=f"{minor / 100:.2f}"
            )
            self.debts.append((made["id"], name, minor))
        ids = {parse_public_id("cust", id) for id in customers.values()}
        async with self.database.scope(self.tenant_id) as scope:
            for customer in await Candidates(scope).customers(ids):
                self.matcher.put_customer(customer)
            for document in await Candidates(scope).owed(ids):
                self.matcher.put_document(document)

    async def receive(self, name: str, minor: int, text: str, **fields: object) -> Line:
        values = {"counterparty_name": name, "description": text, "booked_on": DAY} | fields
        id = await make_line(self.database, self.tenant_id, minor, **values)
        async with self.database.scope(self.tenant_id) as scope:
            row = await TransactionRepository(scope).get(TransactionId(parse_public_id("tr", id)))
        return line_of(row)

    async def ignore(self, lines: Sequence[Line], verb: str = "ignore") -> None:
        body = {"transaction_ids": [public_id("tr", each.id) for each in lines]}
        done = (await self.client.post(f"{STATUS}/{verb}", json=body)).json()["results"]
        assert {each["status"] for each in done} == {"updated"}
        for each in lines:
            if verb == "ignore":
                self.matcher.settle(each, (), by_user=True)
            else:
                self.matcher.unsettle(each.id)

    async def join(self, line: Line, invoice: str) -> str:
        made = await match(self.client, part(public_id("tr", line.id), invoice, line.amount))
        share = Share("invoice", parse_public_id("inv", invoice), line.amount, line.amount)
        self.matcher.settle(line, [share], by_user=True)
        return str(made.json()["id"])

    async def take_apart(self, line: Line, match_id: str) -> None:
        assert (await self.client.delete(f"{MATCH}/{match_id}")).status_code == 204
        self.matcher.unsettle(line.id)

    async def have_decided(self, lines: Sequence[Line]) -> dict[UUID, Said]:
        await tasks.match_open_lines(self.database, self.tenant_id, {})
        said: dict[UUID, Said] = {each.id: ("none", frozenset(), 0) for each in lines}
        async with self.database.scope(self.tenant_id) as scope:
            posted = select(Allocation, Match).join(Match, Match.id == Allocation.match_id)
            for row, made in await scope.session.execute(posted.where(Match.source == "auto")):
                assert row.invoice_id
                assert made.probability
                documents = said[row.transaction_id][1] | {row.invoice_id}
                said[row.transaction_id] = ("post", documents, float(made.probability))
            waiting = select(Suggestion).where(Suggestion.status == "pending")
            for found in await scope.session.scalars(waiting):
                named = frozenset(proposals.documents(found.proposals[0], "inv"))
                said[found.transaction_id] = ("propose", named, float(found.probability))
        return said

    def decide(self, lines: Sequence[Line]) -> dict[UUID, Said]:
        said = {}
        for each in sorted(lines, key=loading.place):
            answer = self.matcher.decide(each)
            said[each.id] = _said(answer)
            if answer.verdict == "post":
                self.matcher.settle(each, answer.proposals[0].shares, by_user=False)
            else:
                self.matcher.keep(each, answer)
        return said


def _said(answer: Answer) -> Said:
    if not answer.proposals:
        return "none", frozenset(), 0
    first = answer.proposals[0]
    documents = frozenset(share.document for share in first.shares)
    return answer.verdict, documents, float(proposals.probability(first))


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_the_service_decides_as_the_engine_in_memory(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId, seed: int
) -> None:
    chance = Random(seed)  # noqa: S311  made-up data, the same each time
    books = Books(client, database, tenant_id, chance)
    await books.owe()
    past = {"examined_at": now()}
    strange = [
        await books.receive(chance.choice(OTHERS), chance.choice(MINORS), "Grant award", **past)
        for _ in range(8)
    ]
    await books.ignore(strange)
    await books.ignore(strange[:2], "restore")
    joined = []
    for invoice, name, minor in chance.sample(books.debts, 8):
        payer = chance.choice((name, "Ivor Marine"))
        line = await books.receive(payer, minor, "Payment thanks", **past)
        joined.append((line, invoice, await books.join(line, invoice)))
    for line, _, match_id in joined[:4]:
        await books.take_apart(line, match_id)
    again, invoice, _ = joined[3]
    await books.join(again, invoice)
    new = [
        await books.receive(
            chance.choice(NAMES + OTHERS),
            chance.choice(MINORS),
            chance.choice(("Grant award", "Payment thanks", "Grant payment")),
            booked_on=DAY + timedelta(days=place),
        )
        for place in range(30)
    ]
    lines = [*strange[:2], *(line for line, *_ in joined[:3]), *new]

    expected, said = books.decide(lines), await books.have_decided(lines)

    assert said == expected
    assert {verdict for verdict, *_ in said.values()} >= {"post", "propose"}
