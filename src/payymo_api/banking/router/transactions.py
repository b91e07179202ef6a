import asyncio
from typing import Annotated

from fastapi import Depends, File, Form, Query, UploadFile
from pydantic import Json

from payymo_api.banking.errors import MappingMisfit
from payymo_api.banking.repository import RunRepository
from payymo_api.banking.schemas.imports import (
    ImportAnswer,
    ImportFilters,
    ImportRecord,
    PreviewAnswer,
)
from payymo_api.banking.schemas.mappings import CsvMapping
from payymo_api.banking.schemas.transactions import (
    BatchAnswer,
    BatchRequest,
    FeedFilters,
    Include,
    StatsAnswer,
    StatsFilters,
    TransactionAnswer,
    TransactionFilters,
    TransactionRequest,
)
from payymo_api.banking.service import imports, listing, previews
from payymo_api.banking.service import transactions as service
from payymo_api.banking.service.answers import import_answer
from payymo_api.banking.service.imports import Order
from payymo_api.banking.statements import StatementFile, StatementFormat
from payymo_api.banking.statements import read_file as read_statement_file
from payymo_api.core.feed import Feed
from payymo_api.core.fields import Listing, PlainListing
from payymo_api.core.refs import AccountRef, RunRef, TransactionRef
from payymo_api.edge.route import IfMatchDep, api_router
from payymo_api.edge.scope import CallerDep, ReadScopeDep, ScopeDep

router = api_router("/transactions", "transactions")


async def read_file(
    _: CallerDep,
    file: Annotated[
        UploadFile,
        File(description="A CAMT.053, CAMT.052, MT940, OFX or CSV file, at most 20 MiB."),
    ],
) -> StatementFile:
    """Parse before any transaction is open, and not on the event loop."""
    content = await file.read()
    return await asyncio.to_thread(read_statement_file, content, file.filename)


FileDep = Annotated[StatementFile, Depends(read_file)]
_MAPPING = '{"delimiter": ";", "booked_on": "Date", "amount": "Amount", "description": ["Details"]}'


def read_order(
    caller: CallerDep,
    file: FileDep,
    account_id: Annotated[
        AccountRef | None, Form(description="Needed where the file's account is not known here.")
    ] = None,
    mapping: Annotated[
        Json[CsvMapping] | None,
        Form(
            description="For CSV: a CsvMapping as JSON. Without one, the account's saved one.",
            examples=[_MAPPING],
        ),
    ] = None,
) -> Order:
    if mapping and file.format is not StatementFormat.CSV:
        raise MappingMisfit.at("/mapping", MappingMisfit.code, "Only CSV files have a mapping.")
    return Order(account_id, mapping, caller.key_id)


OrderDep = Annotated[Order, Depends(read_order)]


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
async def import_transactions(file: FileDep, scope: ScopeDep, order: OrderDep) -> ImportAnswer:
    """Import a statement file: CAMT, MT940, OFX or CSV. A second time it changes nothing.

    A broken file is refused with its line and field, and nothing of it is stored; a statement that
    does not add up is imported with a warning that names both sums. How the columns of a CSV file
    are read has to be confirmed once per account (`mapping`, see the preview); it is kept.
    """
    return await imports.import_file(scope, file, order)


@router.post("/import/preview")
async def preview_import(file: FileDep, scope: ScopeDep, order: OrderDep) -> PreviewAnswer:
    """Show how a statement file would be read. Nothing is stored.

    For a CSV file it guesses the mapping, says why, and asks what the file leaves open. Send the
    mapping again, as you changed it, to see what comes of it; then send it with the import.
    """
    return await previews.preview(scope, file, order)


@router.get("/imports")
async def list_imports(
    scope: ScopeDep, filters: Annotated[ImportFilters, Query()]
) -> Listing[ImportRecord]:
    """List imports of statement files, newest first: what was read, added, paired and flagged."""
    page = await RunRepository(scope).imports(filters.account_id, filters.cursor, filters.limit)
    return Listing[ImportRecord].of(page, import_answer)


@router.get("/imports/{run_id}")
async def get_import(scope: ScopeDep, run_id: RunRef) -> ImportRecord:
    """Read what came of one file in one account."""
    return import_answer(await RunRepository(scope).an_import(run_id))


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
