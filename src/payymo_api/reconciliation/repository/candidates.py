"""What the engine reads: found by keys, so that cost follows what is new, not what exists.

Conditions of partial indexes are written out as text: only then does the planner use them.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    any_,
    delete,
    func,
    insert,
    literal,
    select,
    text,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY

from payymo_api.banking.models import Transaction
from payymo_api.core.db import Scope
from payymo_api.core.repository import among
from payymo_api.core.types import CustomerId, InvoiceId, TransactionId
from payymo_api.invoicing.models import Customer, CustomerIban, DocumentKey, Invoice
from payymo_api.invoicing.rules import document_keys
from payymo_api.reconciliation.models import LineKey
from payymo_api.reconciliation.repository.learned import LearnedRepository
from payymo_api.reconciliation.repository.suggestions import SuggestionRepository

MOST_ALIKE = 50
"""More lines or documents of one amount than this are a crowd: amounts tell nothing there."""
Amount = tuple[str, int]
_OPEN_LINE = text(
    "transactions.match_state IN ('unmatched', 'suggested', 'partial')"
    " AND transactions.status = 'booked' AND transactions.removed_at IS NULL"
)
_UNEXAMINED = text(
    "transactions.examined_at IS NULL AND transactions.match_state IN ('unmatched', 'suggested')"
    " AND transactions.status = 'booked' AND transactions.removed_at IS NULL"
)
_OPEN_DOCUMENT = text(
    "invoices.status IN ('open', 'partially_paid') AND invoices.removed_at IS NULL"
)


class Candidates:
    """The engine's reads for one tenant."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._session = scope.session
        self._tenant_id = scope.tenant_id

    async def unexamined(self, limit: int) -> Sequence[Transaction]:
        """Return lines that wait for the engine, locked; another worker's are left to it."""
        statement = (
            self._lines()
            .where(_UNEXAMINED)
            .order_by(Transaction.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return (await self._session.scalars(statement)).all()

    async def rivals(self, amounts: Collection[Amount]) -> tuple[list[Transaction], set[Amount]]:
        """Return open lines of these amounts, and the amounts of which there is a crowd.

        The crowd is counted per payer's account: a gym's many equal fees tell each other apart.
        """
        payer = func.coalesce(Transaction.counterparty_iban, "")
        alike = [Transaction.currency, Transaction.amount_minor, payer]
        wanted = tuple_(Transaction.currency, Transaction.amount_minor).in_(amounts)
        place = func.row_number().over(partition_by=alike, order_by=Transaction.id)
        ranked = (
            select(Transaction.id, place.label("place"))
            .where(Transaction.tenant_id == self._tenant_id, _OPEN_LINE, wanted)
            .subquery()
        )
        statement = self._lines().join(
            ranked, (Transaction.id == ranked.c.id) & (ranked.c.place <= MOST_ALIKE + 1)
        )
        rows = list(await self._session.scalars(statement))
        return rows, _crowds(
            (row.currency, row.amount_minor, row.counterparty_iban) for row in rows
        )

    async def documents(
        self,
        keys: Collection[str],
        amounts: Collection[Amount],
        customers: Collection[CustomerId],
    ) -> tuple[dict[InvoiceId, Invoice], set[Amount]]:
        """Return what lines may mean: named, owed by who paid before, or open to their amounts."""
        named = await self._named(keys)
        owed = await self._owed(customers, amounts)
        alike = await self._alike(amounts)
        crowds = _crowds((row.currency, row.open_minor, None) for row in alike)
        return {row.id: row for row in (*named, *owed, *alike)}, crowds

    async def _named(self, keys: Collection[str]) -> Sequence[Invoice]:
        bearers = select(DocumentKey.invoice_id).where(
            DocumentKey.tenant_id == self._tenant_id, DocumentKey.key == _any(keys)
        )
        return (await self._session.scalars(self._documents().where(Invoice.id.in_(bearers)))).all()

    async def _owed(
        self, customers: Collection[CustomerId], amounts: Collection[Amount]
    ) -> Sequence[Invoice]:
        statement = self._documents().where(
            _OPEN_DOCUMENT,
            among(Invoice.customer_id, customers),
            tuple_(Invoice.currency, Invoice.open_minor).in_(amounts),
        )
        return (await self._session.scalars(statement)).all() if customers else ()

    async def _alike(self, amounts: Collection[Amount]) -> Sequence[Invoice]:
        place = func.row_number().over(
            partition_by=[Invoice.currency, Invoice.open_minor], order_by=Invoice.id
        )
        ranked = (
            select(Invoice.id, place.label("place"))
            .where(
                Invoice.tenant_id == self._tenant_id,
                _OPEN_DOCUMENT,
                tuple_(Invoice.currency, Invoice.open_minor).in_(amounts),
            )
            .subquery()
        )
        statement = self._documents().join(
            ranked, (Invoice.id == ranked.c.id) & (ranked.c.place <= MOST_ALIKE + 1)
        )
        return (await self._session.scalars(statement)).all()

    async def payers(self, ibans: Collection[str]) -> Mapping[str, set[CustomerId]]:
        """Return account -> customers it pays for, as matches showed or the CRM says."""
        found: dict[str, set[CustomerId]] = {}
        for fact in await LearnedRepository(self._scope).payers("payer_account", ibans):
            if fact.customer_id and fact.confirmations:
                found.setdefault(fact.key, set()).add(fact.customer_id)
        held = select(CustomerIban.iban, CustomerIban.customer_id).where(
            CustomerIban.tenant_id == self._tenant_id, CustomerIban.iban == _any(ibans)
        )
        for iban, customer_id in await self._session.execute(held):
            found.setdefault(iban, set()).add(customer_id)
        return found

    async def customers(self, ids: Collection[CustomerId]) -> Mapping[UUID, Customer]:
        statement = select(Customer).where(
            Customer.tenant_id == self._tenant_id, among(Customer.id, ids)
        )
        return {row.id: row for row in await self._session.scalars(statement)}

    async def keep_keys(self, keys: Mapping[TransactionId, Collection[str]]) -> None:
        """Remember what undecided lines name, in place of what was remembered of them."""
        await self._session.execute(
            delete(LineKey).where(
                LineKey.tenant_id == self._tenant_id, LineKey.transaction_id.in_(keys)
            )
        )
        rows = [
            {"tenant_id": self._tenant_id, "key": key, "transaction_id": id}
            for id, names in keys.items()
            for key in names
        ]
        if rows:
            await self._session.execute(insert(LineKey), rows)

    async def lines_touched(self, ids: Collection[InvoiceId]) -> set[TransactionId]:
        """Return open lines that name one of these documents, or have its open amount.

        Those too that wait for a decision about one of them.
        """
        if not ids:
            return set()
        changed = (await self._session.scalars(self._documents().where(Invoice.id.in_(ids)))).all()
        keys = {key for row in changed for key in document_keys(row.number, row.creditor_reference)}
        named = select(LineKey.transaction_id).where(
            LineKey.tenant_id == self._tenant_id, LineKey.key == _any(keys)
        )
        alike = select(Transaction.id).where(
            Transaction.tenant_id == self._tenant_id,
            _OPEN_LINE,
            tuple_(Transaction.currency, Transaction.amount_minor).in_(
                {(row.currency, row.open_minor) for row in changed if row.open_minor}
            ),
        )
        suggested = await SuggestionRepository(self._scope).lines_naming(ids)
        return {
            *suggested,
            *await self._session.scalars(named),
            *await self._session.scalars(alike),
        }

    def _lines(self) -> Select[Transaction]:
        return select(Transaction).where(Transaction.tenant_id == self._tenant_id)

    def _documents(self) -> Select[Invoice]:
        return select(Invoice).where(
            Invoice.tenant_id == self._tenant_id, Invoice.removed_at.is_(None)
        )


def _crowds(found: Iterable[tuple[str, int, str | None]]) -> set[Amount]:
    seen: dict[tuple[str, int, str | None], int] = {}
    for each in found:
        seen[each] = seen.get(each, 0) + 1
    return {(each[0], each[1]) for each, count in seen.items() if count > MOST_ALIKE}


def _any(texts: Collection[str]) -> ColumnElement[Any]:
    """One array in place of a parameter a text; `=` may use the index under row-level security."""
    return any_(literal(list(texts), ARRAY(Text())))
