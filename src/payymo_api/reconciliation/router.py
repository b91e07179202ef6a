from typing import Annotated

from fastapi import Query

from payymo_api.core.fields import Listing, Paging
from payymo_api.core.refs import InvoiceRef, MatchRef, PaymentRef, TransactionRef
from payymo_api.core.types import public_id
from payymo_api.edge.route import api_router
from payymo_api.edge.scope import CallerDep, ScopeDep, WriteScopeDep
from payymo_api.reconciliation.repository.matches import (
    AllocationRepository,
    CreditRepository,
    MatchRepository,
)
from payymo_api.reconciliation.schemas import (
    CreditAnswer,
    CreditFilters,
    MatchAnswer,
    MatchFilters,
    MatchRequest,
    Queued,
    StatusAnswer,
)
from payymo_api.reconciliation.schemas.trace import LineTrace, OriginTrace
from payymo_api.reconciliation.service import examining, matching, overview, tracing
from payymo_api.reconciliation.service.news import answer, credit_answer

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
async def run_matching(scope: ScopeDep) -> Queued:
    """Have every open line looked at again, at once but in the background."""
    await examining.ask(scope)
    return Queued()


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
    await matching.undo(scope, match_id, public_id("key", caller.key_id))


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
