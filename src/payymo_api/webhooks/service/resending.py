"""Events that are sent when somebody asks: tests, redeliveries and replays."""

from payymo_api.core.clock import now
from payymo_api.core.db import Scope
from payymo_api.core.errors import NotFound, ValidationFailed
from payymo_api.core.types import DeliveryId, EndpointId, EventId, new_id
from payymo_api.edge import exact
from payymo_api.messaging import relay
from payymo_api.messaging.models import OutboxEvent
from payymo_api.webhooks.errors import EndpointDisabled, EventErased
from payymo_api.webhooks.models import WebhookDelivery, WebhookEndpoint
from payymo_api.webhooks.repository import lanes
from payymo_api.webhooks.repository.deliveries import DeliveryRepository
from payymo_api.webhooks.repository.endpoints import EndpointRepository
from payymo_api.webhooks.repository.events import EventRepository
from payymo_api.webhooks.schemas.catalogue import EVENT_TYPES
from payymo_api.webhooks.schemas.deliveries import ReplayAnswer, ReplayRequest
from payymo_api.webhooks.service.wanting import is_wanted, ordering_key

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
    """Send the same bytes under the same id again, whatever became of them before."""
    deliveries = DeliveryRepository(scope)
    found = await deliveries.get(id)
    endpoint = await _enabled(scope, found.endpoint_id)
    event = await EventRepository(scope).kept(found.event_id)
    if event.erased_at is not None:
        raise EventErased("The data of this event was erased.")
    again = WebhookDelivery(
        id=DeliveryId(new_id()),
        event_id=event.id,
        event_type=event.name,
        sequence=found.sequence,
        endpoint_id=endpoint.id,
        ordering_key=ordering_key(endpoint, event),
        replay_id=new_id(),
    )
    deliveries.add(again)
    await scope.session.flush()
    await scope.session.refresh(again)
    await lanes.touch(scope, [endpoint.id])
    return again


async def replay(scope: Scope, id: EndpointId, request: ReplayRequest) -> ReplayAnswer:
    """Owe an endpoint the events of a span that it wants, REPLAYED_AT_ONCE looked at a call."""
    if request.since is None and request.from_sequence is None:
        raise ValidationFailed.at("/since", "missing", "Give since or from_sequence.")
    endpoint = await _enabled(scope, id)
    events = await EventRepository(scope).span(request, REPLAYED_AT_ONCE + 1)
    wanted = [
        (event, ordering_key(endpoint, event))
        for event in events[:REPLAYED_AT_ONCE]
        if is_wanted(endpoint, event)
    ]
    await DeliveryRepository(scope).owe_again(id, wanted, new_id())
    await lanes.touch(scope, [id])
    more = events[REPLAYED_AT_ONCE:]
    return ReplayAnswer(queued=len(wanted), next_sequence=more[0].sequence if more else None)


async def _enabled(scope: Scope, id: EndpointId) -> WebhookEndpoint:
    """Return the endpoint, unchangeable until the transaction ends; EndpointDisabled if it is."""
    row = await EndpointRepository(scope).shared(id)
    if row is None:
        raise NotFound("There is no such thing here.")
    if not row.enabled:
        raise EndpointDisabled("This endpoint is disabled.")
    return row
