from typing import Annotated

from fastapi import Query, Response

from payymo_api.core.fields import Listing, Paging
from payymo_api.core.refs import DeliveryRef, EndpointRef, EventRef
from payymo_api.edge import exact
from payymo_api.edge.route import IfMatchDep, api_router
from payymo_api.edge.scope import ScopeDep
from payymo_api.edge.state import PartsDep
from payymo_api.messaging.models import OutboxEvent
from payymo_api.webhooks.repository import DeliveryRepository, EndpointRepository, EventRepository
from payymo_api.webhooks.rules.event_types import EVENT_TYPES
from payymo_api.webhooks.schemas import (
    AttemptAnswer,
    DeliveryAnswer,
    DeliveryFilters,
    DeliveryWithAttempts,
    EndpointAnswer,
    EndpointRequest,
    EventAnswer,
    EventFilters,
    EventTypeAnswer,
    EventTypesAnswer,
    NewSecretAnswer,
    ReplayAnswer,
    ReplayRequest,
    TestRequest,
)
from payymo_api.webhooks.service import endpoints as service

endpoints = api_router("/webhook_endpoints", "webhook_endpoints")
deliveries = api_router("/webhook_deliveries", "webhook_endpoints")
events = api_router("/events", "events")
event_types = api_router("/event_types", "events")


@endpoints.get("")
async def list_webhook_endpoints(
    scope: ScopeDep, paging: Annotated[Paging, Query()]
) -> Listing[EndpointAnswer]:
    """List the webhook endpoints, newest first; their secrets are never shown again."""
    page = await EndpointRepository(scope).page(paging.cursor, paging.limit)
    return Listing[EndpointAnswer].of(page, EndpointAnswer.model_validate)


@endpoints.post("", status_code=201)
async def create_webhook_endpoint(
    scope: ScopeDep, parts: PartsDep, request: EndpointRequest
) -> NewSecretAnswer:
    """Register a URL for events.

    The secret that signs them is in this answer only. Events that happen from now on are sent;
    earlier ones can be replayed.
    """
    allow = parts.settings.webhook_allow_loopback
    made = await service.create_endpoint(scope, parts.keyring, request, allow_loopback=allow)
    return _with_secret(made)


@endpoints.get("/{endpoint_id}")
async def get_webhook_endpoint(scope: ScopeDep, endpoint_id: EndpointRef) -> EndpointAnswer:
    """Read one webhook endpoint."""
    return EndpointAnswer.model_validate(await EndpointRepository(scope).get(endpoint_id))


@endpoints.put("/{endpoint_id}")
async def replace_webhook_endpoint(
    scope: ScopeDep,
    parts: PartsDep,
    if_match: IfMatchDep,
    endpoint_id: EndpointRef,
    request: EndpointRequest,
) -> EndpointAnswer:
    """Replace what an endpoint gets and where.

    Disabled, it gets nothing new and its open deliveries wait; enabled again, they are sent.
    """
    allow = parts.settings.webhook_allow_loopback
    row = await service.replace_endpoint(
        scope, if_match, endpoint_id, request, allow_loopback=allow
    )
    return EndpointAnswer.model_validate(row)


@endpoints.delete("/{endpoint_id}", status_code=204)
async def remove_webhook_endpoint(scope: ScopeDep, endpoint_id: EndpointRef) -> None:
    """Remove an endpoint: nothing is sent to it any more, open deliveries end as failed."""
    await service.remove_endpoint(scope, endpoint_id)


@endpoints.post("/{endpoint_id}/rotate_secret")
async def rotate_webhook_secret(
    scope: ScopeDep, parts: PartsDep, endpoint_id: EndpointRef
) -> NewSecretAnswer:
    """Make a new signing secret, shown in this answer only.

    For 24 hours the secret before it signs too. Rotated again within them, only the last two sign.
    """
    return _with_secret(await service.rotate_secret(scope, parts.keyring, endpoint_id))


@endpoints.post("/{endpoint_id}/test", status_code=202)
async def test_webhook_endpoint(
    scope: ScopeDep, endpoint_id: EndpointRef, request: TestRequest
) -> DeliveryAnswer:
    """Send a test event to this endpoint alone.

    Its body holds `"test": true` and `"sequence": 0`: it takes no place in the sequence of events.
    What came of it stands in GET /api/v1/webhook_deliveries/{delivery_id}.
    """
    delivery = await service.send_test(scope, endpoint_id, request.event_type)
    return DeliveryAnswer.model_validate(delivery)


@endpoints.post("/{endpoint_id}/replay", status_code=202)
async def replay_events(
    scope: ScopeDep, endpoint_id: EndpointRef, request: ReplayRequest
) -> ReplayAnswer:
    """Send an endpoint the past events that it subscribes to, delivered before or not.

    Give `since`, or `from_sequence` and perhaps `to_sequence`. At most 10,000 events are looked at
    in one call; `next_sequence` says where to go on.
    """
    return await service.replay(scope, endpoint_id, request)


@deliveries.get("")
async def list_webhook_deliveries(
    scope: ScopeDep, filters: Annotated[DeliveryFilters, Query()]
) -> Listing[DeliveryAnswer]:
    """List deliveries, newest first: what is owed to which endpoint, and what became of it."""
    page = await DeliveryRepository(scope).page(filters)
    return Listing[DeliveryAnswer].of(page, DeliveryAnswer.model_validate)


@deliveries.get("/{delivery_id}")
async def get_webhook_delivery(scope: ScopeDep, delivery_id: DeliveryRef) -> DeliveryWithAttempts:
    """Read one delivery with all its attempts."""
    repository = DeliveryRepository(scope)
    found = DeliveryAnswer.model_validate(await repository.get(delivery_id))
    attempts = [
        AttemptAnswer.model_validate(each) for each in await repository.attempts(delivery_id)
    ]
    return DeliveryWithAttempts(**found.model_dump(), attempts=attempts)


@deliveries.post("/{delivery_id}/redeliver", status_code=202)
async def redeliver_webhook(scope: ScopeDep, delivery_id: DeliveryRef) -> DeliveryAnswer:
    """Send an event to its endpoint once more, with the same id and the same bytes.

    If that fails too, it is tried again on the whole schedule.
    """
    return DeliveryAnswer.model_validate(await service.redeliver(scope, delivery_id))


@events.get("")
async def list_events(
    scope: ScopeDep, filters: Annotated[EventFilters, Query()]
) -> Listing[EventAnswer]:
    """List the events of the last 90 days by their sequence, each as its webhook carries it."""
    page = await EventRepository(scope).page(filters)
    return Listing[EventAnswer].of(page, _as_sent)


@events.get("/{event_id}", response_model=EventAnswer)
async def get_event(scope: ScopeDep, event_id: EventRef) -> Response:
    """Read one event: byte for byte the body that is sent to endpoints."""
    event = await EventRepository(scope).get(event_id)
    return Response(event.body, media_type="application/json")


@event_types.get("")
async def list_event_types() -> EventTypesAnswer:
    """List every event type, what it says and what its `data` looks like."""
    return EventTypesAnswer(
        data=[EventTypeAnswer.model_validate(each) for each in EVENT_TYPES.values()]
    )


def _with_secret(made: service.NewSecret) -> NewSecretAnswer:
    shown = EndpointAnswer.model_validate(made.row)
    return NewSecretAnswer(**shown.model_dump(), secret=made.secret)


def _as_sent(event: OutboxEvent) -> EventAnswer:
    return EventAnswer.model_validate(exact.parse(event.body or b""))
