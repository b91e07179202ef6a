"""Customers' endpoints: kept, their secrets rotated, tested, and given events again."""

from datetime import timedelta
from typing import NamedTuple

from payymo_api.core.clock import now
from payymo_api.core.crypto import Keyring
from payymo_api.core.db import Scope
from payymo_api.core.errors import NotFound, ValidationFailed
from payymo_api.core.types import DeliveryId, EndpointId, EventId, new_id
from payymo_api.edge import exact
from payymo_api.edge.etag import IfMatch
from payymo_api.messaging import outbox, relay
from payymo_api.messaging.models import OutboxEvent
from payymo_api.webhooks.errors import EndpointDisabled
from payymo_api.webhooks.gateway.urls import check_url
from payymo_api.webhooks.models import WebhookDelivery, WebhookEndpoint
from payymo_api.webhooks.repository import DeliveryRepository, EndpointRepository, EventRepository
from payymo_api.webhooks.rules import signing
from payymo_api.webhooks.rules.event_types import EVENT_TYPES
from payymo_api.webhooks.rules.subscriptions import wants
from payymo_api.webhooks.schemas import (
    EndpointAnswer,
    EndpointRequest,
    ReplayAnswer,
    ReplayRequest,
)

OVERLAP = timedelta(hours=24)
REPLAYED_AT_ONCE = 10_000


class NewSecret(NamedTuple):
    """The endpoint, and its secret in clear: shown now and never again."""

    row: WebhookEndpoint
    secret: str


async def create_endpoint(
    scope: Scope, keyring: Keyring, request: EndpointRequest, *, allow_loopback: bool
) -> NewSecret:
    row = WebhookEndpoint(id=EndpointId(new_id()))
    EndpointRepository(scope).add(row)
    _write(row, request, allow_loopback=allow_loopback)
    secret = _give_secret(keyring, row)
    await _save(scope, row)
    return NewSecret(row, secret)


async def replace_endpoint(
    scope: Scope,
    if_match: IfMatch,
    id: EndpointId,
    request: EndpointRequest,
    *,
    allow_loopback: bool,
) -> WebhookEndpoint:
    """Replace what a caller may write; enabling sends what waited, disabling lets it wait."""
    row = await EndpointRepository(scope).get_locked(id)
    if_match.check(EndpointAnswer.model_validate(row))
    was_enabled = row.enabled
    _write(row, request, allow_loopback=allow_loopback)
    await _save(scope, row)
    if row.enabled and not was_enabled:
        await DeliveryRepository(scope).release_held(id)
        await outbox.wake(scope)
    elif was_enabled and not row.enabled:
        await DeliveryRepository(scope).hold_all(id)
    return row


async def remove_endpoint(scope: Scope, id: EndpointId) -> None:
    """Remove the endpoint; what is still open for it ends as failed."""
    row = await EndpointRepository(scope).get_locked(id)
    row.removed_at = now()
    await DeliveryRepository(scope).give_up_all(id)


async def rotate_secret(scope: Scope, keyring: Keyring, id: EndpointId) -> NewSecret:
    """Make a new secret; the one before signs beside it for OVERLAP."""
    row = await EndpointRepository(scope).get_locked(id)
    row.previous_secret = row.secret
    row.previous_secret_until = now() + OVERLAP
    secret = _give_secret(keyring, row)
    await _save(scope, row)
    return NewSecret(row, secret)


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
    await outbox.wake(scope)
    return delivery


async def redeliver(scope: Scope, id: DeliveryId) -> WebhookDelivery:
    """Send the same bytes under the same id again, whatever became of them before."""
    deliveries = DeliveryRepository(scope)
    found = await deliveries.get(id)
    await _enabled(scope, found.endpoint_id)
    await deliveries.owe_again(found.endpoint_id, [(found.event_id, found.event_type)])
    await scope.session.refresh(found)
    await outbox.wake(scope)
    return found


async def replay(scope: Scope, id: EndpointId, request: ReplayRequest) -> ReplayAnswer:
    """Owe an endpoint the events of a span that it wants, REPLAYED_AT_ONCE looked at a call."""
    if request.since is None and request.from_sequence is None:
        raise ValidationFailed.at("/since", "missing", "Give since or from_sequence.")
    endpoint = await _enabled(scope, id)
    events = await EventRepository(scope).span(request, REPLAYED_AT_ONCE + 1)
    wanted = [
        (event.id, event.name) for event in events[:REPLAYED_AT_ONCE] if is_wanted(endpoint, event)
    ]
    await DeliveryRepository(scope).owe_again(id, wanted)
    await outbox.wake(scope)
    more = events[REPLAYED_AT_ONCE:]
    return ReplayAnswer(queued=len(wanted), next_sequence=more[0].sequence if more else None)


def is_wanted(endpoint: WebhookEndpoint, event: OutboxEvent) -> bool:
    return wants(
        endpoint.event_types,
        event.name,
        each_line=endpoint.each_line,
        is_line=bool(event.payload.get("each_line")),
    )


def sealed_for(row: WebhookEndpoint) -> str:
    """What an endpoint's secrets are bound to: moved to another row, they can't be opened."""
    return f"webhook_endpoints:{row.tenant_id}:{row.id}"


async def _enabled(scope: Scope, id: EndpointId) -> WebhookEndpoint:
    """Return the endpoint, unchangeable until the transaction ends; EndpointDisabled if it is."""
    row = await EndpointRepository(scope).shared(id)
    if row is None:
        raise NotFound("There is no such thing here.")
    if not row.enabled:
        raise EndpointDisabled("This endpoint is disabled.")
    return row


def _write(row: WebhookEndpoint, request: EndpointRequest, *, allow_loopback: bool) -> None:
    check_url(request.url, allow_loopback=allow_loopback)
    row.url = request.url
    row.event_types = list(dict.fromkeys(request.event_types))
    row.description = request.description
    row.each_line = request.each_line
    if request.enabled:
        row.disabled_reason = None
    row.status = "enabled" if request.enabled else "disabled"


def _give_secret(keyring: Keyring, row: WebhookEndpoint) -> str:
    secret = signing.new_secret()
    row.secret = keyring.encrypt(secret, bound_to=sealed_for(row))
    return signing.secret_text(secret)


async def _save(scope: Scope, row: WebhookEndpoint) -> None:
    await scope.session.flush()
    await scope.session.refresh(row)
