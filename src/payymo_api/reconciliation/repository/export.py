"""All matches, some at a time, with what line and document say."""

from collections.abc import Sequence

from sqlalchemy import Row, select

from payymo_api.banking.models import Transaction
from payymo_api.core.db import Scope
from payymo_api.core.types import MatchId
from payymo_api.invoicing.models import Invoice
from payymo_api.reconciliation.models import Allocation, Match
from payymo_api.reconciliation.schemas.export import ExportQuery

Exported = Row[Allocation, Match, Transaction, str]
"""The last: the document's number, where it has one."""


async def matches_after(
    scope: Scope, query: ExportQuery, after: MatchId | None, limit: int
) -> Sequence[MatchId]:
    """Return the next matches, oldest first."""
    statement = select(Match.id).where(Match.tenant_id == scope.tenant_id)
    if query.status:
        statement = statement.where(Match.status == query.status)
    if query.source:
        statement = statement.where(Match.source == query.source)
    if after:
        statement = statement.where(Match.id > after)
    return (await scope.session.scalars(statement.order_by(Match.id).limit(limit))).all()


async def allocations_of(scope: Scope, ids: Sequence[MatchId]) -> Sequence[Exported]:
    """Return the matches' allocations with match, line and document, in order."""
    tenant_id = scope.tenant_id
    statement = (
        select(Allocation, Match, Transaction, Invoice.number)
        .join(Match, (Match.tenant_id == tenant_id) & (Match.id == Allocation.match_id))
        .join(
            Transaction,
            (Transaction.tenant_id == tenant_id) & (Transaction.id == Allocation.transaction_id),
        )
        .outerjoin(
            Invoice, (Invoice.tenant_id == tenant_id) & (Invoice.id == Allocation.invoice_id)
        )
        .where(Allocation.tenant_id == tenant_id, Allocation.match_id.in_(ids))
        .order_by(Allocation.match_id, Allocation.id)
    )
    return (await scope.session.execute(statement)).all()
