"""Workers, users and a bank, all at work on one tenant's books at once and at random."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

import httpx
from sqlalchemy import select, update

from payymo_api.banking import events as bank_news
from payymo_api.banking.models import Transaction
from payymo_api.banking.repository import AccountRepository
from payymo_api.banking.rules.merge import Window
from payymo_api.banking.service.merging import Telling, keep
from payymo_api.core.clock import now
from payymo_api.core.db import Database
from payymo_api.core.types import TenantId, parse_public_id
from payymo_api.invoicing.events import CustomersChanged, DocumentsChanged
from payymo_api.messaging import outbox
from payymo_api.messaging.models import OutboxEvent
from payymo_api.payments.events import PayoutsChanged
from payymo_api.reconciliation import tasks
from payymo_api.reconciliation.events import DecisionMade, MatchingDue
from tests.fanning_out import fan_out
from tests.invoicing.factories import CUSTOMERS, INVOICES
from tests.payments.factories import make_payout
from tests.reconciliation.books import ALWAYS, broken
from tests.reconciliation.factories import LEARNED, MATCH, STATUS, SUGGESTIONS, make_line, part

Run = Callable[[Database, TenantId, dict[str, Any]], Awaitable[None]]
RUNS: Final[Mapping[str, Run]] = {
    bank_news.TransactionsSynced.name: tasks.match_open_lines,
    bank_news.LineRemoved.name: tasks.undo_removed_line,
    DocumentsChanged.name: tasks.match_changed_documents,
    CustomersChanged.name: tasks.match_changed_customers,
    PayoutsChanged.name: tasks.match_changed_payouts,
    MatchingDue.name: tasks.match_everything,
    DecisionMade.name: tasks.match_after_decision,
}
_DUE = (OutboxEvent.done_at.is_(None), OutboxEvent.name.in_(RUNS))
_CLEAR = {200, 201, 202, 204, 404, 409, 422}
DAY = date(2026, 1, 5)
NAMES = (
    "Harbour Foods Ltd",
    "Harbour Foods North Ltd",
    "Rosa Blåvik AS",
    "Quillfeather Books",
    "Ostrava Glass s.r.o.",
    "Tidewater Rope and Sail",
    "Marchetti Fratelli",
    "Penrose Optics",
)
AMOUNTS = (10000, 10000, 10000, 4950, 12345)
"""Of most invoices: whole crowds of them are equal."""
STRIPE = "STRIPE PAYMENTS UK LTD"


@dataclass
class Storm:
    client: httpx.AsyncClient
    database: Database
    tenant_id: TenantId
    chance: random.Random
    customers: list[str] = field(default_factory=list)
    invoices: list[dict[str, Any]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    told: Counter[tuple[str, int]] = field(default_factory=Counter)
    """How often what was asked for was answered how."""
    runs: Counter[str] = field(default_factory=Counter)
    """Job -> how often it was run."""
    looks: int = 0
    is_over: bool = False

    # what there is

    async def prepare(self, *, invoices: int, lines: int) -> None:
        await self.change_customers()
        await self._send([self._invoice(number) for number in range(invoices)])
        await self.arrive(lines)

    async def _send(self, rows: list[dict[str, Any]]) -> None:
        call = self.client.post(f"{INVOICES}/batch", json={"rows": rows})
        for result in (await self._done("invoices", call)).json()["results"]:
            if result["status"] == "created":
                self.invoices.append({**rows[result["index"]], "id": result["id"]})

    def _invoice(self, number: int) -> dict[str, Any]:
        is_note = self.chance.random() < 0.15
        return {
            "external_id": f"e{number}",
            "number": f"{'CN' if is_note else 'INV'}-{5000 + number}",
            "kind": "credit_note" if is_note else "invoice",
            "customer_external_id": self.chance.choice(NAMES),
            "issued_on": str(DAY),
            "due_on": str(DAY + timedelta(days=number % 30)),
            "amount_minor": 2500 if is_note else self.chance.choice(AMOUNTS),
            "currency": "GBP",
        }

    async def arrive(self, count: int) -> None:
        """The bank tells of lines, each on an account of its own; a payout comes with its line."""
        for _ in range(count):
            minor, fields = self._line()
            day = DAY + timedelta(days=self.chance.randrange(40))
            if fields.get("counterparty_name") == STRIPE:
                await make_payout(self.database, self.tenant_id, minor, arrival_on=day)
            made = await make_line(self.database, self.tenant_id, minor, booked_on=day, **fields)
            self.lines.append(made)
        async with self.database.scope(self.tenant_id) as scope:
            any_account = select(Transaction.account_id).limit(1)
            account_id = (await scope.session.scalars(any_account)).one()
            await outbox.record(scope, bank_news.TransactionsSynced(account_id=account_id))

    def _line(self) -> tuple[int, dict[str, Any]]:
        """Return an amount, and what the bank says of it: clear, vague, or nothing of ours."""
        one, other = self.chance.sample(self.invoices, 2)
        minor, number = _signed(one), one["number"]
        place = NAMES.index(one["customer_external_id"])
        payer = {"counterparty_name": NAMES[place], "counterparty_iban": _iban(place)}
        stripe = {"counterparty_name": STRIPE, "description": "Stripe payout"}
        both = minor + _signed(other) or minor
        kinds: list[tuple[int, dict[str, Any]]] = [
            (minor, {**payer, "description": f"Payment {number}"}),
            (minor, {"description": f"Ref {number}"}),
            (minor, payer),
            (minor, payer),
            (minor, {"description": "Transfer"}),
            (minor // 2, {**payer, "description": f"Part of {number}"}),
            (minor + 2500, {**payer, "description": f"For {number}"}),
            (both, {**payer, "description": f"{number} {other['number']}"}),
            (777, {"description": "Interest"}),
            (-minor, {**payer, "description": f"Returned {number}"}),
            (97000 + self.chance.randrange(3), stripe),
        ]
        found, fields = self.chance.choice(kinds)
        return found or minor, fields

    async def rage(self, *, workers: int, users: int, acts: int) -> None:
        """Return when every user has acted so often, and every job is done."""

        async def use() -> None:
            for _ in range(acts):
                await self.act()

        async def all_users() -> None:
            await asyncio.gather(*(use() for _ in range(users)))
            self.is_over = True

        async with asyncio.TaskGroup() as group:
            group.create_task(self.number_events())
            group.create_task(self.watch())
            for _ in range(workers):
                group.create_task(self.work())
            group.create_task(all_users())

    # the workers

    async def work(self) -> None:
        """As one of many: run any job that is due, whoever else runs it too, until all is done."""
        while True:
            due = await self._due()
            if not due and self.is_over:
                return
            if due:
                event = self.chance.choice(due)
                await RUNS[event.name](self.database, self.tenant_id, event.payload)
                self.runs[event.name] += 1
                await self._finish(event)
            await asyncio.sleep(0 if due else 0.02)

    async def rest(self) -> None:
        """Do all that is due, alone."""
        await self.work()
        await fan_out(self.database)

    async def _due(self) -> list[OutboxEvent]:
        async with self.database.scope(self.tenant_id) as scope:
            oldest = select(OutboxEvent).where(*_DUE).order_by(OutboxEvent.id).limit(6)
            return list(await scope.session.scalars(oldest))

    async def _finish(self, event: OutboxEvent) -> None:
        async with self.database.scope(self.tenant_id) as scope:
            mine = OutboxEvent.id == event.id
            await scope.session.execute(update(OutboxEvent).where(mine).values(done_at=now()))

    async def number_events(self) -> None:
        while not self.is_over:
            await fan_out(self.database)
            await asyncio.sleep(0.05)

    async def watch(self) -> None:
        """Read the books again and again."""
        while not self.is_over:
            found = await broken(self.database, self.tenant_id, ALWAYS)
            assert not found, found[:5]
            self.looks += 1
            await asyncio.sleep(0.05)

    # the users, and the bank

    async def act(self) -> None:
        acts: list[tuple[int, Callable[[], Awaitable[object]]]] = [
            (8, self.accept),
            (3, self.accept_many),
            (5, self.reject),
            (8, self.match),
            (10, self.take_apart),
            (2, self.change_settings),
            (2, self.run),
            (2, self.bill),
            (4, self.change_invoices),
            (1, self.change_customers),
            (3, self.take_back),
            (2, self.forget),
            (1, lambda: self.arrive(3)),
        ]
        weights, choices = zip(*acts, strict=True)
        (chosen,) = self.chance.choices(choices, weights)
        await chosen()

    async def accept(self) -> None:
        if id := await self._any(SUGGESTIONS, status="pending"):
            body = {"proposal": self.chance.choice([0, 0, 1])}
            await self._done("accept", self.client.post(f"{SUGGESTIONS}/{id}/accept", json=body))

    async def accept_many(self) -> None:
        body: dict[str, Any] = {"min_probability": self.chance.choice([0.6, 0.9])}
        if ids := await self._ids(SUGGESTIONS, status="pending"):
            body = {"ids": self.chance.sample(ids, min(len(ids), 8))}
        told = await self._done("bulk", self.client.post(f"{SUGGESTIONS}/accept", json=body))
        for each in told.json()["results"]:
            status = each["error"]["status"] if each["error"] else 201
            self.told["accept in bulk", status] += 1
            assert status in _CLEAR, each

    async def reject(self) -> None:
        if id := await self._any(SUGGESTIONS, status="pending"):
            await self._done("reject", self.client.post(f"{SUGGESTIONS}/{id}/reject"))

    async def match(self) -> None:
        """Any shape: several lines and documents, returns, write-offs, credits made and used."""
        parts = [self._part() for _ in range(self.chance.randint(1, 4))]
        if self.chance.random() < 0.3 and (used := await self._credit()):
            parts.append(used)
        body = {"allocations": parts}
        await self._done("match", self.client.post(MATCH, json=body))

    def _part(self) -> dict[str, Any]:
        line, document = self.chance.choice(self.lines), self.chance.choice(self.invoices)
        minor = self.chance.choice([2500, document["amount_minor"], 1000, -1000])
        kind = document["kind"]
        if self.chance.random() < 0.2 and self.customers:
            return part(line, self.chance.choice(self.customers), 500, "on_account")
        minor = -abs(minor) if kind == "credit_note" else minor
        more = {}
        if self.chance.random() < 0.2:
            more["write_off"] = {"amount_minor": minor // 100 or 1, "reason": "discount"}
        return part(line, document["id"], minor, kind, **more)

    async def _credit(self) -> dict[str, Any] | None:
        found = (await self.client.get(f"{STATUS}/credits")).json()["data"]
        if not found:
            return None
        credit = self.chance.choice(found)
        return part(credit["transaction_id"], credit["id"], -200, "on_account")

    async def take_apart(self) -> None:
        if id := await self._any(f"{STATUS}/matches", status="active"):
            await self._done("undo", self.client.delete(f"{MATCH}/{id}"))

    async def change_settings(self) -> None:
        body = {
            "automatic": self.chance.random() < 0.7,
            "least_probability": self.chance.choice([0.9, 0.99]),
            "least_margin": 0.05,
            "write_off_limits": [],
        }
        await self._done("settings", self.client.put(f"{STATUS}/settings", json=body))

    async def run(self) -> None:
        await self._done("run", self.client.post(f"{STATUS}/run"))

    async def bill(self) -> None:
        count = len(self.invoices) + self.chance.randrange(10**6)
        await self._send([self._invoice(count + each) for each in range(3)])

    async def change_invoices(self) -> None:
        rows = [
            {
                **{name: value for name, value in each.items() if name != "id"},
                "due_on": str(DAY + timedelta(days=self.chance.randrange(60))),
                "amount_minor": each["amount_minor"] + self.chance.choice([0, 0, 500]),
            }
            for each in self.chance.sample(self.invoices, 5)
        ]
        await self._send(rows)

    async def change_customers(self) -> None:
        rows = [
            {
                "external_id": name,
                "name": name,
                "iban": [_iban(place)],
                "number": f"C-{self.chance.randrange(100)}",
            }
            for place, name in enumerate(NAMES)
        ]
        call = self.client.post(f"{CUSTOMERS}/batch", json={"rows": rows})
        told = (await self._done("customers", call)).json()
        self.customers = [each["id"] for each in told["results"]]

    async def take_back(self) -> None:
        """The bank's feed leaves a line out."""
        if self.lines:
            id = parse_public_id("tr", self.lines.pop(self.chance.randrange(len(self.lines))))
            async with self.database.scope(self.tenant_id) as scope:
                key = {"tenant_id": self.tenant_id, "id": id}
                account = (await scope.session.get_one(Transaction, key)).account_id
                scope.session.expunge_all()
                row = await AccountRepository(scope).get_locked(account)
                first, last = DAY, DAY + timedelta(days=90)
                await keep(scope, row, Telling([], first, last, Window(first, last), in_bulk=False))

    async def forget(self) -> None:
        if self.chance.random() < 0.3:
            await self._done("forget all", self.client.delete(LEARNED))
        elif id := await self._any(LEARNED):
            await self._done("forget", self.client.delete(f"{LEARNED}/{id}"))

    async def _any(self, path: str, **params: str) -> str | None:
        ids = await self._ids(path, **params)
        return self.chance.choice(ids) if ids else None

    async def _ids(self, path: str, **params: str) -> list[str]:
        found = await self._done("list", self.client.get(path, params=params))
        return [each["id"] for each in found.json()["data"]]

    async def _done(self, what: str, call: Awaitable[httpx.Response]) -> httpx.Response:
        """Whatever is asked is done, or refused for a reason."""
        answer = await call
        self.told[what, answer.status_code] += 1
        assert answer.status_code in _CLEAR, f"{what}: {answer.text}"
        return answer


def _signed(document: dict[str, Any]) -> int:
    minor: int = document["amount_minor"]
    return minor if document["kind"] == "invoice" else -minor


def _iban(place: int) -> str:
    body = f"BANK{place:014d}"
    digits = "".join(str(int(each, 36)) for each in f"{body}GB00")
    return f"GB{98 - int(digits) % 97:02d}{body}"
