"""Take a person's data out of what has happened: a walk that any worker may go on.

Events without a number come first, while none is given: what is numbered later is looked at before.
"""

from collections.abc import Sequence
from uuid import UUID

from payymo_api.core import log
from payymo_api.core.clock import now
from payymo_api.core.db import Database, Scope
from payymo_api.core.errors import ValidationFailed
from payymo_api.core.types import ErasureId, EventId, TenantId, new_id, public_id
from payymo_api.messaging import outbox, relay
from payymo_api.webhooks.events import ErasureAsked
from payymo_api.webhooks.models import EventErasure
from payymo_api.webhooks.repository import erasures as stored
from payymo_api.webhooks.repository import lanes
from payymo_api.webhooks.repository.erasures import ErasureRepository, Looked
from payymo_api.webhooks.repository.events import EventRepository
from payymo_api.webhooks.schemas.erasures import ErasureRequest

BATCH = 1000
_FIRST = EventId(UUID(int=0))
_log = log.get(__name__)


async def ask(scope: Scope, request: ErasureRequest) -> EventErasure:
    """Queue the walk; the ids need not be those of things that are still there."""
    if not request.mentioning and not request.event_ids:
        raise ValidationFailed.at("/mentioning", "missing", "Give mentioning or event_ids.")
    await EventRepository(scope).check_known(request.event_ids, "/event_ids")
    row = EventErasure(
        id=ErasureId(new_id()),
        mentioning=list(dict.fromkeys(request.mentioning)),
        event_ids=list(dict.fromkeys(request.event_ids)),
    )
    ErasureRepository(scope).add(row)
    await scope.session.flush()
    await scope.session.refresh(row)
    await outbox.record(scope, ErasureAsked(erasure_id=row.id))
    return row


async def walk(database: Database, tenant_id: TenantId, id: ErasureId) -> None:
    """Go on from where the walk stands, to its end."""
    while True:
        async with database.scope(tenant_id) as scope:
            if not await _step(scope, id):
                return


async def _step(scope: Scope, id: ErasureId) -> bool:
    """Look at the next events; False when there were none left."""
    run = await ErasureRepository(scope).get_locked(id)
    if run.status == "succeeded":
        return False
    if run.status == "queued":
        run.status = "running"
        run.erased += await _erase(scope, [EventId(each) for each in run.event_ids])
    is_over = not run.mentioning or await _look_further(scope, run)
    if is_over:
        run.status, run.ended_at = "succeeded", now()
        name = public_id("era", id)
        _log.info("events_erased", erasure=name, checked=run.checked, erased=run.erased)
    return not is_over


async def _look_further(scope: Scope, run: EventErasure) -> bool:
    """Look at the next batch; True when it was the last."""
    if run.until_sequence is None:
        await _look_at_unnumbered(scope, run)
        return False
    looked = await stored.numbered(
        scope, run.after_sequence, run.until_sequence, run.mentioning, BATCH
    )
    await _erase_named(scope, run, looked)
    if looked:
        run.after_sequence = looked[-1].sequence
    return len(looked) < BATCH


async def _look_at_unnumbered(scope: Scope, run: EventErasure) -> None:
    """Nothing is numbered meanwhile; when all is looked at, the walk's end is known."""
    await relay.hold_numbering(scope)
    looked = await stored.unnumbered(scope, run.after_id or _FIRST, run.mentioning, BATCH)
    await _erase_named(scope, run, looked)
    if looked:
        run.after_id = looked[-1].id
    if len(looked) < BATCH:
        run.until_sequence = await EventRepository(scope).last_sequence()
    await outbox.wake(scope)


async def _erase_named(scope: Scope, run: EventErasure, looked: Sequence[Looked]) -> None:
    run.checked += len(looked)
    run.erased += await _erase(scope, [each.id for each in looked if each.is_named])


async def _erase(scope: Scope, ids: Sequence[EventId]) -> int:
    """Nothing of these events is sent any more, nor kept of what was answered to it."""
    if not ids:
        return 0
    erased = await stored.erase(scope, ids)
    waited = await stored.end_deliveries(scope, ids)
    await stored.forget_answers(scope, ids)
    if waited:
        await lanes.touch(scope, waited)
        await lanes.tell_changed(scope, waited)
    return erased
