"""A tenant's lines as the services write them: told by a feed, categorised, settled."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from payymo_api.banking.models import BankAccount, BankConnection, Transaction
from payymo_api.banking.repository import AccountRepository, TransactionRepository
from payymo_api.banking.repository.rollups import tracked
from payymo_api.banking.rules.line import FEED, Line
from payymo_api.banking.rules.merge import Window
from payymo_api.banking.schemas.transactions import BatchRequest
from payymo_api.banking.service import rollups
from payymo_api.banking.service import transactions as service
from payymo_api.banking.service.merging import Telling, keep
from payymo_api.core.db import Database
from payymo_api.core.types import AccountId, ConnectionId, TenantId, new_id, public_id
from payymo_api.tenants.service import create_tenant

FIRST, LAST = date(2026, 2, 25), date(2026, 3, 6)


@dataclass
class Ledger:
    """A tenant with three accounts, two of them with the feed of one connection."""

    database: Database
    tenant_id: TenantId
    connection_id: ConnectionId = field(default_factory=lambda: ConnectionId(new_id()))
    accounts: list[AccountId] = field(default_factory=list)

    @classmethod
    async def fresh(cls, database: Database) -> "Ledger":
        ledger = cls(database, await create_tenant(database, name="ledger", plan="standard"))
        ledger.accounts = [AccountId(new_id()) for _ in range(3)]
        connection = BankConnection(
            id=ledger.connection_id,
            tenant_id=ledger.tenant_id,
            provider="gocardless",
            institution_id="x",
            institution={},
            status="active",
            redirect_url="",
            history_days=90,
        )
        async with database.scope(ledger.tenant_id) as scope:
            scope.session.add(connection)
            await scope.session.flush()
            for place, id in enumerate(ledger.accounts):
                AccountRepository(scope).add(
                    BankAccount(
                        id=id,
                        connection_id=ledger.connection_id if place else None,
                        currency="GBP",
                        status="active",
                    )
                )
        return ledger

    async def tell(self, account: int, lines: Sequence[Line]) -> None:
        """The feed tells the days in full: what it leaves out is gone."""
        telling = Telling(lines, FIRST, LAST, Window(FIRST, LAST), in_bulk=False)
        async with self.database.scope(self.tenant_id) as scope:
            row = await AccountRepository(scope).get_locked(self.accounts[account])
            await keep(scope, row, telling)

    async def categorise(self, picked: int, category: str | None) -> None:
        rows = [
            {"id": public_id("tr", id), "category": category} for id in await self._some(picked)
        ]
        if rows:
            async with self.database.scope(self.tenant_id) as scope:
                await service.categorise_batch(scope, BatchRequest.model_validate({"rows": rows}))

    async def settle(self, picked: int, share: int) -> None:
        """Set what is settled to this share of the line, in percent."""
        async with self.database.scope(self.tenant_id) as scope:
            for row in await TransactionRepository(scope).locked(await self._some(picked)):
                async with tracked(scope, [row]):
                    settled = int(row.amount_minor * share / 100)
                    TransactionRepository.settle(row, settled - row.settled_minor)

    async def fold(self) -> None:
        """Fold every tenant's: some at a time, and other tests have left theirs."""
        while await rollups.fold_new(self.database):
            pass

    async def lines(self) -> Sequence[Transaction]:
        async with self.database.scope(self.tenant_id) as scope:
            ordered = TransactionRepository(scope).select().order_by(Transaction.id)
            return (await scope.session.scalars(ordered)).all()

    async def _some(self, picked: int) -> list[Any]:
        """One line, or every second one."""
        ids = [row.id for row in await self.lines()]
        return [ids[picked % len(ids)]] if picked and ids else ids[::2]


def said(minor: int, text: str = "Coffee", **more: Any) -> Line:  # noqa: ANN401  a line's fields
    fields: dict[str, Any] = {
        "booked": True,
        "currency": "GBP",
        "booked_on": FIRST,
        "value_on": None,
        "booked_at": None,
        "reference": None,
        "end_to_end_id": None,
        "counterparty_name": None,
        "counterparty_iban": None,
        "provider_id": None,
        "internal_id": None,
        "source": FEED,
    }
    return Line(amount_minor=minor, description=text, **fields | more)
