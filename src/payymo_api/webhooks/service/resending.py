"""Events that are sent when somebody asks: tests, redeliveries and replays."""

import asyncio
from collections import Counter
from collections.abc import Sequence

from payymo_api.core.bulk import slices
from payymo_api.core.clock import now
from payymo_api.core.db import Scope
from payymo_api.core.errors import NotFound, ValidationFailed
from payymo_api.core.types import DeliveryId, EndpointId, EventId, ReplayId, new_id
from payymo_api.edge import exact
from payymo_api.messaging import relay
from payymo_api.messaging.models import OutboxEvent
from payymo_api.webhooks.errors import EndpointDisabled, EventErased
from payymo_api.webhooks.models import WebhookDelivery, WebhookEndpoint, WebhookReplay
from payymo_api.webhooks.repository import lanes, replays
from payymo_api.webhooks.repository.deliveries import DeliveryRepository
from payymo_api.webhooks.repository.endpoints import EndpointRepository
from payymo_api.webhooks.repository.events import EventRepository
from payymo_api.webhooks.repository.replays import ReplayRepository
from payymo_api.webhooks.schemas.catalogue import EVENT_TYPES
from payymo_api.webhooks.schemas.deliveries import (
    ReplayAnswer,
    ReplayBegun,
    ReplayProgress,
    ReplayRequest,
)
from payymo_api.webhooks.service.wanting import UNFILTERED, is_wanted, ordering_key

REPLAYED_AT_ONCE = 10_000


async def send_test(scope: Scope, id: EndpointId, event_type: str) -> WebhookDelivery:
    """Owe this endpoint alone an event that is marked as a test.

    It is done before it begins, so the relay leaves it alone: it takes no place in the sequence.
    """
    await _enabled(scope, id)
    event = OutboxEvent(
        tenant_id=scope.tenant_id,
        id=EventId(new_id()),
        name=event_type,
        payload={},
        data=exact.dump_plain(dict(EVENT_TYPES[event_type].example)).decode(),
        occurred_at=now(),
        done_at=now(),
    )
    event.body = relay.body(event, sequence=0, is_test=True)
    event.data = None
    scope.session.add(event)
    await scope.session.flush()
    return await _owe_now(scope, event, id)


async def _owe_now(scope: Scope, event: OutboxEvent, id: EndpointId) -> WebhookDelivery:
    delivery = WebhookDelivery(
        id=DeliveryId(new_id()), event_id=event.id, event_type=event.name, endpoint_id=id
    )
    DeliveryRepository(scope).add(delivery)
    await scope.session.flush()
    await scope.session.refresh(delivery)
    await lanes.touch(scope, [id])
    return delivery


async def redeliver(scope: Scope, id: DeliveryId) -> WebhookDelivery:
    """Send the same bytes under the same id again; what is still to be sent goes now."""
    deliveries = DeliveryRepository(scope)
    found = await deliveries.get(id)
    endpoint = await _enabled(scope, found.endpoint_id)
    event = await EventRepository(scope).kept(found.event_id)
    if event.erased_at:
        raise EventErased("The data of this event was erased.")
    found = await deliveries.get_locked(id)
    if found.status == "pending":
        found.next_attempt_at, found.attempts_before = now(), found.attempt_count
        await scope.session.flush()
    else:
        replay = await _begun(scope, endpoint, queued=1, erased=0)
        found = await _owed_again(scope, found, endpoint, event, replay.id)
    await lanes.touch(scope, [endpoint.id])
    return found


async def replay(scope: Scope, id: EndpointId, request: ReplayRequest) -> ReplayBegun:
    """Owe an endpoint the events that are asked for, REPLAYED_AT_ONCE looked at a call.

    Asked twice, they are owed twice.
    """
    if request.since is None and request.from_sequence is None:
        raise ValidationFailed.at("/since", "missing", "Give since or from_sequence.")
    _check_span(request)
    endpoint = await _enabled(scope, id)
    needs_bodies = endpoint.filter != UNFILTERED or endpoint.ordering == "object"
    events = await replays.asked_for(
        scope, id, request, REPLAYED_AT_ONCE + 1, with_bodies=needs_bodies
    )
    more = events[REPLAYED_AT_ONCE:]
    there = [event for event in events[:REPLAYED_AT_ONCE] if not event.erased_at]
    wanted = await _wanted(endpoint, there)
    erased = min(len(events), REPLAYED_AT_ONCE) - len(there)
    made = await _begun(scope, endpoint, queued=len(wanted), erased=erased)
    await replays.owe(scope, id, made.id, wanted)
    await lanes.touch(scope, [id])
    shown = ReplayAnswer.model_validate(made)
    return ReplayBegun(**shown.model_dump(), next_sequence=more[0].sequence if more else None)


async def progress(scope: Scope, endpoint_id: EndpointId, id: ReplayId) -> ReplayProgress:
    repository = ReplayRepository(scope)
    row = await repository.get(id)
    if row.endpoint_id != endpoint_id:
        raise NotFound("There is no such thing here.")
    counts = Counter(await repository.progress(row))
    return ReplayProgress(
        **ReplayAnswer.model_validate(row).model_dump(),
        pending=counts["pending"],
        delivered=counts["delivered"],
        failed=counts["failed"],
    )


async def _wanted(
    endpoint: WebhookEndpoint, events: Sequence[OutboxEvent]
) -> list[tuple[OutboxEvent, str | None]]:
    """Return those that the endpoint wants, each with its ordering key; others run in between."""
    found: list[tuple[OutboxEvent, str | None]] = []
    for some in slices(len(events)):
        found += [
            (event, ordering_key(endpoint, event))
            for event in events[some]
            if is_wanted(endpoint, event)
        ]
        await asyncio.sleep(0)
    return found


async def _begun(
    scope: Scope, endpoint: WebhookEndpoint, *, queued: int, erased: int
) -> WebhookReplay:
    row = WebhookReplay(
        id=ReplayId(new_id()), endpoint_id=endpoint.id, queued=queued, erased=erased
    )
    ReplayRepository(scope).add(row)
    await scope.session.flush()
    await scope.session.refresh(row)
    return row


async def _owed_again(
    scope: Scope,
    before: WebhookDelivery,
    endpoint: WebhookEndpoint,
    event: OutboxEvent,
    replay_id: ReplayId,
) -> WebhookDelivery:
    again = WebhookDelivery(
        id=DeliveryId(new_id()),
        event_id=event.id,
        event_type=event.name,
        sequence=before.sequence,
        endpoint_id=endpoint.id,
        ordering_key=ordering_key(endpoint, event) if before.sequence else None,
        replay_id=replay_id,
    )
    DeliveryRepository(scope).add(again)
    await scope.session.flush()
    await scope.session.refresh(again)
    return again


async def _enabled(scope: Scope, id: EndpointId) -> WebhookEndpoint:
    """Return the endpoint, unchangeable until the transaction ends; EndpointDisabled if it is."""
    row = await EndpointRepository(scope).shared(id)
    if row is None:
        raise NotFound("There is no such thing here.")
    if not row.enabled:
        raise EndpointDisabled("This endpoint is disabled.")
    return row


def _check_span(request: ReplayRequest) -> None:
    """Refuse a span that ends before it begins."""
    if request.since and request.until and request.until < request.since:
        raise ValidationFailed.at("/until", "before_since", "It is before since.")
    first, last = request.from_sequence, request.to_sequence
    if first and last and last < first:
        raise ValidationFailed.at("/to_sequence", "before_from", "It is before from_sequence.")
