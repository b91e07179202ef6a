from typing import Annotated

from fastapi import Query
from fastapi.responses import StreamingResponse

from payymo_api.core.fields import Listing
from payymo_api.core.refs import (
    MatchingRunRef,
    MatchRef,
)
from payymo_api.core.types import public_id
from payymo_api.edge.route import IfMatchDep, api_router
from payymo_api.edge.scope import CallerDep, ScopeDep, WriteScopeDep
from payymo_api.edge.state import DatabaseDep
from payymo_api.reconciliation.repository.matches import (
    AllocationRepository,
    CreditRepository,
    MatchRepository,
)
from payymo_api.reconciliation.repository.runs import MatchingRunRepository
from payymo_api.reconciliation.schemas import (
    CreditAnswer,
    CreditFilters,
    MatchAnswer,
    MatchFilters,
    MatchRequest,
    StatusAnswer,
)
from payymo_api.reconciliation.schemas.export import (
    CSV,
    MEDIA_TYPES,
    ExportedAllocation,
    ExportQuery,
)
from payymo_api.reconciliation.schemas.ignoring import LineResults, LinesRequest
from payymo_api.reconciliation.schemas.runs import RunAnswer
from payymo_api.reconciliation.schemas.settings import SettingsAnswer, SettingsRequest
from payymo_api.reconciliation.service import (
    exporting,
    ignoring,
    matching,
    overview,
    running,
    settings,
    unmatching,
)
from payymo_api.reconciliation.service.news import (
    answer,
    credit_answer,
)

router = api_router("/reconciliation", "reconciliation")


@router.get("")
async def get_status(scope: ScopeDep) -> StatusAnswer:
    """Read where reconciliation stands: what is matched, open, overdue and unexplained."""
    return await overview.status(scope)


@router.get("/matches")
async def list_matches(
    scope: ScopeDep, filters: Annotated[MatchFilters, Query()]
) -> Listing[MatchAnswer]:
    """List matches, newest first, undone ones too."""
    page = await MatchRepository(scope).page(filters)
    allocations = await AllocationRepository(scope).of([row.id for row in page.rows])
    return Listing[MatchAnswer].of(page, lambda row: answer(row, allocations))


@router.get("/credits")
async def list_credits(
    scope: ScopeDep, filters: Annotated[CreditFilters, Query()]
) -> Listing[CreditAnswer]:
    """List customers' credit on account, newest first, used up ones too."""
    return Listing[CreditAnswer].of(await CreditRepository(scope).page(filters), credit_answer)


@router.post("/match", status_code=201)
async def create_match(
    scope: WriteScopeDep, caller: CallerDep, request: MatchRequest
) -> MatchAnswer:
    """Match bank lines with documents: all of the allocations, or none.

    A line's allocations add up to at most its amount, a document is settled to at most its total;
    what would break that is refused by name (409). A positive amount pays an invoice, a negative
    one nets a credit note, returns a payment or refunds. What is left of a line can be kept
    `on_account` of a customer.
    """
    return answer(*await matching.match(scope, request, public_id("key", caller.key_id)))


@router.post("/run", status_code=202)
async def run_matching(scope: ScopeDep, caller: CallerDep) -> RunAnswer:
    """Have every open line looked at again, at once but in the background.

    One run waits at a time: who asks again gets the same.
    """
    row = await running.ask(scope, public_id("key", caller.key_id))
    return RunAnswer.model_validate(row)


@router.get("/runs/{matching_run_id}")
async def get_matching_run(scope: ScopeDep, matching_run_id: MatchingRunRef) -> RunAnswer:
    """Read how far a run has come."""
    return RunAnswer.model_validate(await MatchingRunRepository(scope).get(matching_run_id))


@router.get("/match/{match_id}")
async def get_match(scope: ScopeDep, match_id: MatchRef) -> MatchAnswer:
    """Read one match, with why it was made."""
    row = await MatchRepository(scope).get(match_id)
    return answer(row, await AllocationRepository(scope).of([row.id]))


@router.delete("/match/{match_id}", status_code=204)
async def undo_match(scope: ScopeDep, caller: CallerDep, match_id: MatchRef) -> None:
    """Undo a whole match; it stays readable as `undone`, and is not made again by itself.

    409 `match_undone` the second time; 409 `credit_in_use` or `later_match_depends` where a later
    match builds on it.
    """
    await unmatching.undo(scope, match_id, public_id("key", caller.key_id))


@router.post("/ignore")
async def ignore_transactions(scope: ScopeDep, request: LinesRequest) -> LineResults:
    """Say that bank lines belong to no document: they are `ignored`, and not looked at.

    What was suggested is withdrawn, payers and words are remembered. Each of up to 1,000 has its
    result; a matched line is refused (`line_matched`), and half of an own transfer.
    """
    return await ignoring.ignore(scope, request.transaction_ids)


@router.post("/restore")
async def restore_transactions(scope: ScopeDep, request: LinesRequest) -> LineResults:
    """Take back that bank lines belong to no document: they are open, and looked at anew."""
    return await ignoring.restore(scope, request.transaction_ids)


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses={200: {"model": list[ExportedAllocation], "content": CSV}},
)
async def export_matches(
    database: DatabaseDep, caller: CallerDep, query: Annotated[ExportQuery, Query()]
) -> StreamingResponse:
    """Download all matches, a row for each allocation, oldest first, undone ones too.

    In CSV, text that a spreadsheet would take for a formula begins with an apostrophe. Matches that
    are made meanwhile may be in it or not.
    """
    pieces = await exporting.export(database, caller.tenant_id, query)
    name = {"Content-Disposition": f'attachment; filename="matches.{query.format}"'}
    return StreamingResponse(pieces, media_type=MEDIA_TYPES[query.format], headers=name)


@router.get("/settings")
async def get_settings(scope: ScopeDep) -> SettingsAnswer:
    """Read how this tenant is matched: what is done automatically, and how sure it must be."""
    return await settings.read(scope)


@router.put("/settings")
async def replace_settings(
    scope: ScopeDep, request: SettingsRequest, if_match: IfMatchDep
) -> SettingsAnswer:
    """Replace the settings; they hold for what is looked at from now on."""
    return await settings.replace(scope, request, if_match)
