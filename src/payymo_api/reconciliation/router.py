from typing import Annotated

from fastapi import Query
from fastapi.responses import StreamingResponse

from payymo_api.core.fields import Listing, Paging
from payymo_api.core.refs import (
    FactRef,
    InvoiceRef,
    MatchingRunRef,
    MatchRef,
    PaymentRef,
    SuggestionRef,
    TransactionRef,
)
from payymo_api.core.types import public_id
from payymo_api.edge.route import IfMatchDep, api_router
from payymo_api.edge.scope import CallerDep, EffectDep, ScopeDep, WriteScopeDep
from payymo_api.edge.state import DatabaseDep
from payymo_api.reconciliation.repository.learned import LearnedRepository
from payymo_api.reconciliation.repository.matches import (
    AllocationRepository,
    CreditRepository,
    MatchRepository,
)
from payymo_api.reconciliation.repository.runs import MatchingRunRepository
from payymo_api.reconciliation.repository.suggestions import SuggestionRepository
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
from payymo_api.reconciliation.schemas.learned import FactAnswer, FactFilters
from payymo_api.reconciliation.schemas.runs import RunAnswer
from payymo_api.reconciliation.schemas.settings import SettingsAnswer, SettingsRequest
from payymo_api.reconciliation.schemas.suggestions import (
    AcceptRequest,
    AcceptResults,
    BulkAcceptRequest,
    SuggestionAnswer,
    SuggestionFilters,
)
from payymo_api.reconciliation.schemas.trace import LineTrace, OriginTrace
from payymo_api.reconciliation.service import (
    accepting,
    exporting,
    matching,
    overview,
    running,
    settings,
    suggesting,
    tracing,
    unmatching,
)
from payymo_api.reconciliation.service.news import (
    answer,
    credit_answer,
    fact_answer,
    suggestion_answer,
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


@router.get("/suggestions")
async def list_suggestions(
    scope: ScopeDep, filters: Annotated[SuggestionFilters, Query()]
) -> Listing[SuggestionAnswer]:
    """List what lines may be for, newest first; `status=pending` waits for a decision."""
    page = await SuggestionRepository(scope).page(filters)
    return Listing[SuggestionAnswer].of(page, suggestion_answer)


@router.post("/suggestions/accept")
async def accept_suggestions(
    effect: EffectDep, caller: CallerDep, request: BulkAcceptRequest
) -> AcceptResults:
    """Accept the first proposals of many suggestions: `ids`, or all that are probable enough.

    Up to 1,000 a call. Each stands alone: one that is refused has its error in `results` and
    changes nothing, the others are matched.
    """
    by = public_id("key", caller.key_id)
    return await accepting.accept_many(effect.database, effect.tenant_id, request, by)


@router.get("/suggestions/{suggestion_id}")
async def get_suggestion(scope: ScopeDep, suggestion_id: SuggestionRef) -> SuggestionAnswer:
    """Read one suggestion: its proposals, why it was not matched, what would change that."""
    return suggestion_answer(await SuggestionRepository(scope).get(suggestion_id))


@router.post("/suggestions/{suggestion_id}/accept", status_code=201)
async def accept_suggestion(
    scope: ScopeDep, caller: CallerDep, suggestion_id: SuggestionRef, request: AcceptRequest
) -> MatchAnswer:
    """Match as one of the proposals says.

    409 `suggestion_decided` if somebody has decided before, or the line was matched otherwise; the
    conflicts of `POST /reconciliation/match` where it does not fit any more.
    """
    by = public_id("key", caller.key_id)
    return answer(*await accepting.accept(scope, suggestion_id, request.proposal, by))


@router.post("/suggestions/{suggestion_id}/reject")
async def reject_suggestion(
    scope: ScopeDep, caller: CallerDep, suggestion_id: SuggestionRef
) -> SuggestionAnswer:
    """Say that none of the proposals is right.

    The line is unmatched again. What the proposals name is not proposed for it again by itself, and
    the line is looked at anew without that. 409 `suggestion_decided` the second time.
    """
    by = public_id("key", caller.key_id)
    return suggestion_answer(await suggesting.reject(scope, suggestion_id, by))


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


@router.get("/learned")
async def list_learned(
    scope: ScopeDep, filters: Annotated[FactFilters, Query()]
) -> Listing[FactAnswer]:
    """List what this tenant's decisions have taught, newest first."""
    return Listing[FactAnswer].of(await LearnedRepository(scope).page(filters), fact_answer)


@router.delete("/learned", status_code=204)
async def forget_everything_learned(scope: ScopeDep) -> None:
    """Forget all that was learned; matches stay as they are."""
    await LearnedRepository(scope).forget_all()


@router.delete("/learned/{fact_id}", status_code=204)
async def forget_learned(scope: ScopeDep, fact_id: FactRef) -> None:
    """Forget one thing that was learned; matches stay as they are."""
    await LearnedRepository(scope).forget(fact_id)


@router.get("/trace/{transaction_id}")
async def trace_transaction(
    scope: ScopeDep, transaction_id: TransactionRef, paging: Annotated[Paging, Query()]
) -> LineTrace:
    """Trace a bank line: to payouts, what they are made of, the payments and their invoices.

    `data` is paged by `limit` and `cursor`; the sums are of everything on every page.
    """
    return await tracing.from_line(scope, transaction_id, paging)


@router.get("/trace/payments/{payment_id}")
async def trace_payment(scope: ScopeDep, payment_id: PaymentRef) -> OriginTrace:
    """Trace a Stripe payment: its invoices, the payouts that it is in, and their bank lines."""
    return await tracing.from_payment(scope, payment_id)


@router.get("/trace/invoices/{invoice_id}")
async def trace_invoice(scope: ScopeDep, invoice_id: InvoiceRef) -> OriginTrace:
    """Trace what pays an invoice: Stripe payments down to their bank lines, and lines directly."""
    return await tracing.from_invoice(scope, invoice_id)
