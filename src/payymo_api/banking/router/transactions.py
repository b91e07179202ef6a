import asyncio
from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends, File, Form, Query, UploadFile

from payymo_api.banking.schemas.transactions import (
    BatchAnswer,
    BatchRequest,
    FeedFilters,
    ImportAnswer,
    Include,
    StatsAnswer,
    StatsFilters,
    TransactionAnswer,
    TransactionFilters,
    TransactionRequest,
)
from payymo_api.banking.service import imports, listing
from payymo_api.banking.service import transactions as service
from payymo_api.banking.statements import Statement, read_statements
from payymo_api.core.feed import Feed
from payymo_api.core.fields import AccountRef, Listing, PlainListing, TransactionRef
from payymo_api.edge.route import IfMatchDep, api_router
from payymo_api.edge.scope import CallerDep, ReadScopeDep, ScopeDep

router = api_router("/transactions", "transactions")


async def read_file(
    _: CallerDep,
    file: Annotated[UploadFile, File(description="A CAMT.053, CAMT.052 or MT940 file, 20 MiB.")],
) -> Sequence[Statement]:
    """Parse before any transaction is open, and not on the event loop."""
    content = await file.read()
    return await asyncio.to_thread(read_statements, content, file.filename)


StatementsDep = Annotated[Sequence[Statement], Depends(read_file)]


@router.get("", response_model=Listing[TransactionAnswer])
async def list_transactions(
    scope: ReadScopeDep, filters: Annotated[TransactionFilters, Query()]
) -> PlainListing:
    """List transactions, latest day first; all filters that are given must hold."""
    return await listing.list_transactions(scope, filters)


@router.get("/stats")
async def get_transaction_stats(
    scope: ScopeDep, filters: Annotated[StatsFilters, Query()]
) -> StatsAnswer:
    """Add up transactions: in, out and net per currency, by category and by period. Exact."""
    return await service.transaction_stats(scope, filters)


@router.get("/sync")
async def sync_transactions(
    scope: ScopeDep, filters: Annotated[FeedFilters, Query()]
) -> Feed[TransactionAnswer]:
    """Follow what is added, modified and removed since a cursor. No late commit is skipped."""
    return await service.transaction_feed(scope, filters.cursor, filters.limit)


@router.post("/batch")
async def categorise_transactions(scope: ScopeDep, request: BatchRequest) -> BatchAnswer:
    """Set the category of up to 1,000 transactions; each row has a result of its own."""
    return await service.categorise_batch(scope, request)


@router.post("/import")
async def import_transactions(
    statements: StatementsDep,
    scope: ScopeDep,
    account_id: Annotated[
        AccountRef | None, Form(description="Needed where the file's account is not known here.")
    ] = None,
) -> ImportAnswer:
    """Import a statement file: CAMT.053, CAMT.052 or MT940. A second time it changes nothing.

    A broken file is refused with its line and field, and nothing of it is stored; a statement that
    does not add up is imported with a warning that names both sums.
    """
    return await imports.import_statements(scope, statements, account_id)


@router.get("/{transaction_id}")
async def get_transaction(
    scope: ScopeDep, transaction_id: TransactionRef, include: Annotated[Include, Query()]
) -> TransactionAnswer:
    """Read one transaction; `include=raw` adds what the bank sent."""
    with_raw = include.include == "raw"
    return await service.get_transaction(scope, transaction_id, with_raw=with_raw)


@router.put("/{transaction_id}")
async def replace_transaction(
    scope: ScopeDep,
    transaction_id: TransactionRef,
    request: TransactionRequest,
    if_match: IfMatchDep,
) -> TransactionAnswer:
    """Set category and note; what is left out is emptied."""
    return await service.replace_transaction(scope, transaction_id, request, if_match)
