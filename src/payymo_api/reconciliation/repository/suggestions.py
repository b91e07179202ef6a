from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import cast
from uuid import UUID

from sqlalchemy import Row, Table, exists, select

from payymo_api.core.db import AnyScope
from payymo_api.core.page import Keyset, Page
from payymo_api.core.repository import TenantRepository, among
from payymo_api.core.types import InvoiceId, SuggestionId, TransactionId
from payymo_api.core.writes import Write, inserted
from payymo_api.reconciliation.models import Suggestion, SuggestionDocument
from payymo_api.reconciliation.schemas.suggestions import SuggestionFilters


class SuggestionRepository(TenantRepository[Suggestion]):
    model = Suggestion
    by_id = Keyset[Suggestion]((Suggestion.id,), lambda row: (row.id,), (UUID,))

    async def page(self, filters: SuggestionFilters) -> Page[Suggestion]:
        statement = self.select()
        if filters.status:
            statement = statement.where(Suggestion.status == filters.status)
        if filters.min_probability is not None:
            statement = statement.where(Suggestion.probability >= filters.min_probability)
        if filters.transaction_id:
            statement = statement.where(Suggestion.transaction_id == filters.transaction_id)
        if filters.invoice_id:
            names = exists().where(
                SuggestionDocument.tenant_id == self._tenant_id,
                SuggestionDocument.suggestion_id == Suggestion.id,
                SuggestionDocument.invoice_id == filters.invoice_id,
            )
            statement = statement.where(names)
        return await self.by_id.page(self._session, statement, filters.cursor, filters.limit)

    async def pending(self, lines: Collection[UUID]) -> Mapping[TransactionId, Suggestion]:
        """Return line -> what waits for somebody's decision."""
        statement = self.select().where(
            Suggestion.status == "pending", among(Suggestion.transaction_id, lines)
        )
        fresh = statement.execution_options(populate_existing=True)
        return {row.transaction_id: row for row in await self._session.scalars(fresh)}

    async def likely(self, least: Decimal, limit: int) -> Sequence[SuggestionId]:
        """Return what waits and is at least as probable as that, the surest first."""
        statement = select(Suggestion.id).where(
            Suggestion.tenant_id == self._tenant_id,
            Suggestion.status == "pending",
            Suggestion.probability >= least,
        )
        ordered = statement.order_by(Suggestion.probability.desc(), Suggestion.id).limit(limit)
        return (await self._session.scalars(ordered)).all()

    async def reserved(
        self, invoices: Collection[InvoiceId]
    ) -> Mapping[InvoiceId, set[TransactionId]]:
        """Return document -> lines whose pending suggestion names it first."""
        found: dict[InvoiceId, set[TransactionId]] = {}
        for invoice_id, line, place in await self._naming(invoices):
            if place == 0:
                found.setdefault(invoice_id, set()).add(line)
        return found

    async def lines_naming(self, invoices: Collection[InvoiceId]) -> set[TransactionId]:
        """Return the lines of which a pending suggestion names one of these, at any place."""
        return {line for _, line, _ in await self._naming(invoices)}

    async def _naming(
        self, invoices: Collection[InvoiceId]
    ) -> Sequence[Row[InvoiceId, TransactionId, int]]:
        named = SuggestionDocument
        statement = (
            select(named.invoice_id, Suggestion.transaction_id, named.place)
            .join(
                Suggestion,
                (Suggestion.tenant_id == named.tenant_id) & (Suggestion.id == named.suggestion_id),
            )
            .where(
                named.tenant_id == self._tenant_id,
                among(named.invoice_id, invoices),
                Suggestion.status == "pending",
            )
        )
        return (await self._session.execute(statement)).all()


def superseded(scope: AnyScope, lines: Collection[UUID]) -> Write:
    """Return what ends the pending suggestions of these lines, which the caller has locked."""
    return Write(_SUPERSEDED, [scope.tenant_id, list(lines)])


_SUPERSEDED = (
    "UPDATE suggestions SET status = 'superseded', decided_at = now()"
    " WHERE tenant_id = {}::uuid AND transaction_id = ANY({}::uuid[]) AND status = 'pending'"
)


def named(scope: AnyScope, places: Mapping[tuple[SuggestionId, UUID], int]) -> list[Write]:
    """Return what keeps (suggestion, document) -> its first place."""
    if not places:
        return []
    columns: dict[str, list[object]] = {
        "suggestion_id": [suggestion for suggestion, _ in places],
        "invoice_id": [invoice for _, invoice in places],
        "place": list(places.values()),
    }
    return [inserted(scope.tenant_id, cast("Table", SuggestionDocument.__table__), columns)]
