"""A suggestion becomes a match, as if somebody had matched by hand what it proposes."""

from collections.abc import Sequence
from decimal import Decimal

from payymo_api.core.clock import now
from payymo_api.core.db import Database, Scope
from payymo_api.core.errors import PayymoError, ValidationFailed
from payymo_api.core.types import SuggestionId, TenantId
from payymo_api.reconciliation.errors import SuggestionOutdated
from payymo_api.reconciliation.models import Suggestion
from payymo_api.reconciliation.repository.suggestions import SuggestionRepository
from payymo_api.reconciliation.schemas.suggestions import (
    MOST_ACCEPTED,
    AcceptResult,
    AcceptResults,
    BulkAcceptRequest,
    Refusal,
)
from payymo_api.reconciliation.service import proposals, suggesting
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


async def accept_many(
    database: Database, tenant_id: TenantId, request: BulkAcceptRequest, decided_by: str
) -> AcceptResults:
    """Accept each that can be, in a transaction of its own: none holds up or spoils another."""
    ids = request.ids or await _likely(database, tenant_id, request.min_probability)
    return AcceptResults(
        results=[await _result(database, tenant_id, id, decided_by) for id in dict.fromkeys(ids)]
    )


async def _likely(
    database: Database, tenant_id: TenantId, least: Decimal | None
) -> Sequence[SuggestionId]:
    assert least is not None
    async with database.scope(tenant_id) as scope:
        return await SuggestionRepository(scope).likely(least, MOST_ACCEPTED)


async def _result(
    database: Database, tenant_id: TenantId, id: SuggestionId, decided_by: str
) -> AcceptResult:
    try:
        async with database.scope(tenant_id) as scope:
            made = await accept(scope, id, 0, decided_by)
    except PayymoError as error:
        refused = Refusal.of(error)
        return AcceptResult(suggestion_id=id, status="error", match_id=None, error=refused)
    return AcceptResult(suggestion_id=id, status="accepted", match_id=made.match.id, error=None)


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
