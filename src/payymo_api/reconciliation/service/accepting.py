"""A suggestion becomes a match, as if somebody had matched by hand what it proposes."""

from collections.abc import Sequence
from uuid import UUID

from payymo_api.core.clock import now
from payymo_api.core.db import Scope
from payymo_api.core.errors import PayymoError, ValidationFailed
from payymo_api.core.types import CreditId, InvoiceId, PayoutId, SuggestionId
from payymo_api.reconciliation.errors import SuggestionOutdated
from payymo_api.reconciliation.models import Suggestion
from payymo_api.reconciliation.repository.suggestions import SuggestionRepository
from payymo_api.reconciliation.schemas.suggestions import (
    MOST_ACCEPTED,
    AcceptError,
    AcceptResult,
    AcceptResults,
    BulkAcceptRequest,
)
from payymo_api.reconciliation.service import proposals, suggesting
from payymo_api.reconciliation.service.books import Books
from payymo_api.reconciliation.service.matching import Made, Origin, record
from payymo_api.reconciliation.service.reading import Reading, read


async def accept(scope: Scope, id: SuggestionId, place: int, decided_by: str) -> Made:
    """Match as the proposal at this place says; the books are locked first (see `suggesting`)."""
    suggestion = await SuggestionRepository(scope).get(id)
    if place >= len(suggestion.proposals):
        raise ValidationFailed.at("/proposal", "unknown_reference", "It has fewer proposals.")
    reading = await _read(scope, suggestion, place)
    suggestion = await suggesting.locked(scope, id)
    suggestion.status, suggestion.decided_by = "accepted", decided_by
    suggestion.decided_at = now()
    origin = _origin(suggestion, place, decided_by)
    made = await record(scope, reading.books, reading.entries, origin, reading.credit_owners)
    suggestion.match_id = made.match.id
    return made


async def accept_many(scope: Scope, request: BulkAcceptRequest, decided_by: str) -> AcceptResults:
    """Accept each that can be; all that they name is locked at once, in everyone's order."""
    suggestions = SuggestionRepository(scope)
    if request.min_probability is not None:
        likely = await suggestions.likely(request.min_probability, MOST_ACCEPTED)
        ids = [row.id for row in likely]
    else:
        ids = list(dict.fromkeys(request.ids or ()))
    rows = await suggestions.known(ids)
    await _lock(scope, [row for row in rows if row.status == "pending"])
    return AcceptResults(results=[await _result(scope, id, decided_by) for id in ids])


async def _result(scope: Scope, id: SuggestionId, decided_by: str) -> AcceptResult:
    try:
        async with scope.savepoint():
            made = await accept(scope, id, 0, decided_by)
    except PayymoError as error:
        refused = AcceptError.of(error)
        return AcceptResult(suggestion_id=id, status="error", match_id=None, error=refused)
    return AcceptResult(suggestion_id=id, status="accepted", match_id=made.match.id, error=None)


async def _lock(scope: Scope, rows: Sequence[Suggestion]) -> None:
    first = [row.proposals[0] for row in rows]

    def named(prefix: str) -> set[UUID]:
        return {id for each in first for id in proposals.documents(each, prefix)}

    await Books.lock(
        scope,
        {row.transaction_id for row in rows},
        {InvoiceId(id) for id in named("inv")},
        {PayoutId(id) for id in named("spo")},
        {CreditId(id) for id in named("cred")},
    )


async def _read(scope: Scope, suggestion: Suggestion, place: int) -> Reading:
    wanted = proposals.requests(suggestion.transaction_id, suggestion.proposals[place])
    try:
        return await read(scope, wanted)
    except ValidationFailed as error:
        raise SuggestionOutdated(error.detail) from error


def _origin(suggestion: Suggestion, place: int, decided_by: str) -> Origin:
    """The best of the others is the runner-up."""
    chosen = suggestion.proposals[place]
    others = [each for each in suggestion.proposals if each is not chosen]
    return Origin(
        "suggestion",
        decided_by,
        proposals.probability_of(chosen),
        evidence=[each["text"] for each in chosen["evidence"]],
        runner_up={**others[0], "because": suggestion.because} if others else None,
    )
