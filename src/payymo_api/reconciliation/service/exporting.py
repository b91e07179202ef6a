"""Matches as a file: written while it is read, and no transaction is open meanwhile."""

from collections.abc import AsyncIterator, Sequence

from payymo_api.core.db import Database
from payymo_api.core.fields import money_fields
from payymo_api.core.money import Money
from payymo_api.core.types import MatchId, TenantId
from payymo_api.edge import exact
from payymo_api.reconciliation.repository.export import (
    Exported,
    allocations_of,
    matches_after,
)
from payymo_api.reconciliation.rules import spreadsheet
from payymo_api.reconciliation.schemas.export import ExportedAllocation, ExportQuery
from payymo_api.reconciliation.service.news import document_id

BATCH = 500
_COLUMNS = list(ExportedAllocation.model_fields)


async def export(database: Database, tenant_id: TenantId, query: ExportQuery) -> AsyncIterator[str]:
    """Return the file's pieces; the first is made now, so that a failure is no broken file."""
    made = _as_csv if query.format == "csv" else _as_json
    pieces = made(_pages(database, tenant_id, query))
    return _beginning_with(await anext(pieces), pieces)


async def _beginning_with(first: str, rest: AsyncIterator[str]) -> AsyncIterator[str]:
    yield first
    async for piece in rest:
        yield piece


async def _pages(
    database: Database, tenant_id: TenantId, query: ExportQuery
) -> AsyncIterator[list[ExportedAllocation]]:
    """Yield some rows at a time, each page as it stands when it is read."""
    after: MatchId | None = None
    while True:
        async with database.scope(tenant_id) as scope:
            ids = await matches_after(scope, query, after, BATCH)
            rows = [_exported(row) for row in await allocations_of(scope, ids)]
        if after and not ids:
            return
        yield rows
        if len(ids) < BATCH:
            return
        after = ids[-1]


async def _as_csv(pages: AsyncIterator[list[ExportedAllocation]]) -> AsyncIterator[str]:
    head: list[Sequence[object]] = [_COLUMNS]
    async for page in pages:
        yield spreadsheet.lines([*head, *map(_cells, page)])
        head = []


def _cells(row: ExportedAllocation) -> list[object]:
    return list({**row.model_dump(), "evidence": " ".join(row.evidence)}.values())


async def _as_json(pages: AsyncIterator[list[ExportedAllocation]]) -> AsyncIterator[str]:
    """One array; each object on a line of its own."""
    before = "[\n"
    async for page in pages:
        yield before + ",\n".join(exact.dump(row).decode() for row in page)
        before = ",\n"
    yield "\n]\n"


def _exported(found: Exported) -> ExportedAllocation:
    allocation, match, line, number = found
    document = allocation.invoice_id or allocation.payout_id or allocation.credit_id
    assert document is not None
    settled = Money(allocation.document_amount_minor, allocation.document_currency)
    off = Money(allocation.write_off_minor, allocation.document_currency)
    return ExportedAllocation.model_validate(
        {
            **{name: getattr(match, name, None) for name in _COLUMNS},
            **{
                name: getattr(line, name)
                for name in ("booked_on", "counterparty_name", "description")
            },
            "match_id": match.id,
            "transaction_id": line.id,
            "document_type": allocation.document_type,
            "document_id": document_id(allocation.document_type, document),
            "document_number": number,
            **money_fields(Money(allocation.amount_minor, allocation.currency)),
            "document_amount": settled.decimal(),
            "document_amount_minor": settled.minor,
            "document_currency": settled.currency,
            "write_off": off.decimal() if off.minor else None,
            "write_off_minor": off.minor,
            "write_off_reason": allocation.write_off_reason,
        }
    )
