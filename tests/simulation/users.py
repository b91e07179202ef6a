"""What a tenant's people and systems do meanwhile, each at its own random moments."""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from payymo_api.banking.models import BankConnection, Transaction
from payymo_api.banking.schemas.connections import ConnectionRequest, ReauthorizeRequest
from payymo_api.banking.schemas.transactions import TransactionRequest
from payymo_api.banking.service import connections, consent, transactions
from payymo_api.banking.service.connections import Journey
from payymo_api.core.types import (
    ConnectionId,
    MatchId,
    TenantId,
    TransactionId,
    new_id,
    public_id,
)
from payymo_api.invoicing.models import Invoice
from payymo_api.invoicing.service import invoices
from payymo_api.reconciliation.models import Match
from payymo_api.reconciliation.schemas import MatchRequest
from payymo_api.reconciliation.service import matching, running, unmatching
from payymo_api.tools import Tools
from tests.simulation.bank import SimulatedBank
from tests.simulation.ledger import AMOUNTS, CURRENCY
from tests.simulation.subscriber import ANYHOW, Subscriber
from tests.simulation.timeline import Timeline

Act = Callable[[], Coroutine[Any, Any, object]]


@dataclass
class Users:
    tenant_id: TenantId
    tools: Tools
    bank: SimulatedBank
    timeline: Timeline
    numbers: Sequence[str]
    subscriber: Subscriber

    @property
    def acts(self) -> Sequence[Act]:
        often: Sequence[Act] = (self.send_invoices, self.send_invoices, self.match, self.refresh)
        rarely: Sequence[Act] = (self.undo, self.categorise, self.ask, self.consent)
        return (*often, *rarely, self.subscriber.change, self.subscriber.lose_patience)

    async def open_up(self) -> None:
        """Register endpoints and some invoices, and connect the bank."""
        await self.subscriber.register()
        await self.send_invoices()
        journey = self._journey()
        await connections.create_connection(
            journey,
            ConnectionRequest(
                institution_id="BANK", redirect_url="https://app.example.com/", history_days=30
            ),
        )
        await self._come_back(journey)

    async def send_invoices(self) -> None:
        """A billing system tells some of its invoices again, changed or not."""
        chance = self.timeline.chance
        rows = [
            {
                "external_id": number,
                "number": number,
                "issued_on": date(2026, 3, 1),
                "amount_minor": chance.choice(AMOUNTS),
                "currency": CURRENCY,
                "status": "void" if chance.random() < 0.05 else "open",
            }
            for number in chance.sample(self.numbers, 3)
        ]
        async with self.tools.database.scope(self.tenant_id) as scope:
            await invoices.upsert(scope, rows)

    async def match(self) -> None:
        """Somebody matches any line with any invoice, in whole or in part."""
        line = await self._any(Transaction, Transaction.match_state.in_(["unmatched", "partial"]))
        invoice = await self._any(Invoice, Invoice.status.in_(["open", "partially_paid"]))
        if line is None or invoice is None:
            return
        left = line.amount_minor - line.settled_minor, invoice.amount_minor - invoice.settled_minor
        request = {
            "transaction_id": public_id("tr", line.id),
            "document_type": "invoice",
            "document_id": public_id("inv", invoice.id),
            "amount_minor": max(min(left) // self.timeline.chance.choice([1, 2]), 1),
        }
        async with self.tools.database.scope(self.tenant_id) as scope:
            asked = MatchRequest.model_validate({"allocations": [request]})
            await matching.match(scope, asked, "key_of_somebody")

    async def undo(self) -> None:
        found = await self._any(Match, Match.status == "active")
        if found:
            async with self.tools.database.scope(self.tenant_id) as scope:
                await unmatching.undo(scope, MatchId(found.id), "key_of_somebody")

    async def categorise(self) -> None:
        line = await self._any(Transaction, Transaction.removed_at.is_(None))
        if line:
            category = self.timeline.chance.choice(["office", "travel", None])
            asked = TransactionRequest(category=category)
            async with self.tools.database.scope(self.tenant_id) as scope:
                await transactions.replace_transaction(scope, TransactionId(line.id), asked, ANYHOW)

    async def ask(self) -> None:
        async with self.tools.database.scope(self.tenant_id) as scope:
            await running.ask(scope, "key_of_somebody")

    async def refresh(self) -> None:
        found = await self._connection()
        async with self.tools.database.scope(self.tenant_id) as scope:
            await connections.refresh_connection(scope, ConnectionId(found.id))

    async def consent(self) -> None:
        """Consent anew, because one feels like it or because the bank stopped."""
        found = await self._connection()
        if found.status != "active" or self.timeline.chance.random() < 0.3:
            await self.consent_anew()

    async def consent_anew(self) -> None:
        found = await self._connection()
        journey = self._journey()
        await connections.reauthorize(journey, ConnectionId(found.id), ReauthorizeRequest())
        await self._come_back(journey)

    async def _come_back(self, journey: Journey) -> None:
        await self.timeline.wait(self.timeline.chance.uniform(20, 200))
        self.bank.approve(str(journey.id))
        await consent.come_back(self.tools.database, self.tools.banks, journey.state)

    async def _connection(self) -> BankConnection:
        found: BankConnection = await self._any(BankConnection)
        return found

    def _journey(self) -> Journey:
        return Journey(
            database=self.tools.database,
            banks=self.tools.banks,
            tenant_id=self.tenant_id,
            id=new_id(),
            callback_url="https://payymo.example.com/callback",
            secret=b"secret",
        )

    async def _any(self, model: Any, *conditions: Any) -> Any:  # noqa: ANN401  any table's row
        found = await self._all(model, *conditions)
        return self.timeline.chance.choice(found) if found else None

    async def _all(self, model: Any, *conditions: Any) -> Sequence[Any]:  # noqa: ANN401  any table
        statement = select(model).where(*conditions).order_by(model.id)
        async with self.tools.database.scope(self.tenant_id) as scope:
            return (await scope.session.scalars(statement)).all()
