"""What was learned: written with the decision that teaches it, read by key."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Literal, NamedTuple, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Table, Text, any_, delete, literal, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY

from payymo_api.banking.models import Transaction
from payymo_api.banking.repository import TransactionRepository
from payymo_api.core.db import AnyScope
from payymo_api.core.page import Keyset, Page
from payymo_api.core.repository import TenantRepository, among
from payymo_api.core.types import CustomerId, InvoiceId, PayoutId, TransactionId, new_id
from payymo_api.core.writes import Write, inserted
from payymo_api.reconciliation.models import LearnedFact
from payymo_api.reconciliation.schemas.learned import FactFilters

PayerKind = Literal["payer_account", "payer_name"]
_FACTS = cast("Table", LearnedFact.__table__)
_ORDER = (LearnedFact.key.collate("C"), LearnedFact.kind.collate("C"), LearnedFact.customer_id)
"""Everyone locks facts in this order, which is Python's of `Payer`: nobody waits crosswise."""


class Payer(NamedTuple):
    """An account or a name that paid for a customer."""

    key: str
    kind: PayerKind
    customer_id: CustomerId


class Apart(NamedTuple):
    """A line and the document that it does not settle; one of the two is None."""

    line: TransactionId
    invoice_id: InvoiceId | None
    payout_id: PayoutId | None


class Known(NamedTuple):
    """A fact as the engine takes it; `document_id`: what a line (`key`) does not settle."""

    kind: str
    key: str
    customer_id: CustomerId | None
    document_id: UUID | None
    confirmations: int


class LearnedRepository(TenantRepository[LearnedFact]):
    model = LearnedFact
    by_id = Keyset[LearnedFact]((LearnedFact.id,), lambda row: (row.id,), (UUID,))

    async def page(self, filters: FactFilters) -> Page[LearnedFact]:
        statement = self.select()
        if filters.kind:
            statement = statement.where(LearnedFact.kind == filters.kind)
        if filters.customer_id:
            statement = statement.where(LearnedFact.customer_id == filters.customer_id)
        return await self.by_id.page(self._session, statement, filters.cursor, filters.limit)

    async def known(self, keys: Collection[str]) -> list[Known]:
        """Return what these accounts, names and lines have shown."""
        rows = await self.scope.fetch(_KNOWN, self._tenant_id, list(keys)) if keys else ()
        return [Known(**row) for row in rows]

    async def taken_back(
        self, documents: Collection[UUID]
    ) -> Sequence[tuple[Transaction, InvoiceId]]:
        """Return the lines that somebody took apart from these, each with the document."""
        apart = select(LearnedFact.key, LearnedFact.invoice_id).where(
            LearnedFact.tenant_id == self._tenant_id,
            LearnedFact.invoice_id.is_not(None),
            among(LearnedFact.invoice_id, documents),
        )
        found = [(TransactionId(UUID(key)), id) for key, id in await self._session.execute(apart)]
        rows = await TransactionRepository(self.scope).known({line for line, _ in found})
        lines = {row.id: row for row in rows}
        return [(lines[line], id) for line, id in found if id and line in lines]

    async def apart(self, lines: Collection[UUID]) -> set[tuple[UUID, UUID]]:
        """Return (line, document): what somebody took apart stays apart."""
        keys = [str(id) for id in lines]
        statement = self.select().where(
            LearnedFact.kind == "not_this", LearnedFact.key == _any(keys)
        )
        return {
            (UUID(row.key), document)
            for row in await self._session.scalars(statement)
            if (document := row.invoice_id or row.payout_id)
        }

    async def unlearn(self, payers: Collection[Payer], *, contradicted: bool) -> None:
        """Take a confirmation back for every time that each is given.

        What nothing speaks of any more is forgotten.
        """
        times = Counter(payers)
        facts = tuple_(LearnedFact.key, LearnedFact.kind, LearnedFact.customer_id)
        held = self.select().where(facts.in_(times)).order_by(*_ORDER).with_for_update()
        for row in await self._session.scalars(held.execution_options(populate_existing=True)):
            count = times[row.key, row.kind, row.customer_id]  # type: ignore[index]  # it equals a Payer
            row.confirmations = max(row.confirmations - count, 0)
            row.contradictions += count * contradicted
            if not row.confirmations and not row.contradictions:
                await self._session.delete(row)

    async def forget(self, id: UUID) -> None:
        await self._session.delete(await self.get_locked(id))

    async def forget_all(self) -> None:
        held = select(LearnedFact.id).where(LearnedFact.tenant_id == self._tenant_id)
        ids = await self._session.scalars(held.order_by(*_ORDER).with_for_update())
        await self._session.execute(
            delete(LearnedFact).where(
                LearnedFact.tenant_id == self._tenant_id, among(LearnedFact.id, ids.all())
            )
        )


def learned(scope: AnyScope, payers: Iterable[Payer]) -> list[Write]:
    """Remember each once more for every time that it is given."""
    counts = Counter(payers)
    rows = sorted(counts)
    if not rows:
        return []
    columns: dict[str, list[object]] = {
        "id": [new_id() for _ in rows],
        "key": [row.key for row in rows],
        "kind": [row.kind for row in rows],
        "customer_id": [row.customer_id for row in rows],
        "confirmations": [counts[row] for row in rows],
    }
    return [_counted(inserted(scope.tenant_id, _FACTS, columns))]


def set_apart(scope: AnyScope, pairs: Iterable[Apart]) -> list[Write]:
    """Remember once more that these don't belong together."""
    rows = sorted(set(pairs), key=str)
    if not rows:
        return []
    columns: dict[str, list[object]] = {
        "id": [new_id() for _ in rows],
        "key": [str(row.line) for row in rows],
        "kind": ["not_this"] * len(rows),
        "invoice_id": [row.invoice_id for row in rows],
        "payout_id": [row.payout_id for row in rows],
        "contradictions": [1] * len(rows),
    }
    return [_counted(inserted(scope.tenant_id, _FACTS, columns))]


def rejoined(scope: AnyScope, lines: Collection[UUID], documents: Collection[UUID]) -> list[Write]:
    """Forget that these lines and documents were set apart: somebody has joined them."""
    values = [scope.tenant_id, [str(id) for id in lines], list(documents)]
    return [Write(_REJOINED, values)]


_KNOWN = (
    "SELECT kind, key, customer_id, coalesce(invoice_id, payout_id) AS document_id, confirmations"
    " FROM learned_facts WHERE tenant_id = $1 AND key = ANY($2::text[])"
)
_REJOINED = (
    "DELETE FROM learned_facts WHERE tenant_id = {}::uuid AND key = ANY({}::text[])"
    " AND kind = 'not_this' AND coalesce(invoice_id, payout_id) = ANY({}::uuid[])"
)
_ONCE_MORE = (
    "ON CONFLICT (tenant_id, key, kind, customer_id, invoice_id, payout_id) DO UPDATE"
    " SET confirmations = learned_facts.confirmations + excluded.confirmations,"
    " contradictions = learned_facts.contradictions + excluded.contradictions, last_at = now()"
)


def _counted(insert: Write) -> Write:
    return insert._replace(text=f"{insert.text} {_ONCE_MORE}")


def _any(texts: Collection[str]) -> ColumnElement[Any]:
    """One array in place of a parameter a text; `=` may use the index under row-level security."""
    return any_(literal(list(texts), ARRAY(Text())))
