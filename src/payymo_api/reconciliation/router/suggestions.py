from typing import Annotated

from fastapi import Query

from payymo_api.core.fields import Listing
from payymo_api.core.refs import (
    SuggestionRef,
)
from payymo_api.core.types import public_id
from payymo_api.edge.route import api_router
from payymo_api.edge.scope import CallerDep, EffectDep, ScopeDep
from payymo_api.reconciliation.repository.suggestions import SuggestionRepository
from payymo_api.reconciliation.schemas import (
    MatchAnswer,
)
from payymo_api.reconciliation.schemas.suggestions import (
    AcceptRequest,
    AcceptResults,
    BulkAcceptRequest,
    SuggestionAnswer,
    SuggestionFilters,
)
from payymo_api.reconciliation.service import (
    accepting,
    suggesting,
)
from payymo_api.reconciliation.service.news import (
    answer,
    suggestion_answer,
)

router = api_router("/reconciliation", "reconciliation")


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
