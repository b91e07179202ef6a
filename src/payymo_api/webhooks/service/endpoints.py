"""Customers' endpoints: kept, and their secrets rotated."""

from datetime import timedelta
from typing import NamedTuple

from payymo_api.core.clock import now
from payymo_api.core.crypto import Keyring
from payymo_api.core.db import Scope
from payymo_api.core.types import EndpointId, new_id
from payymo_api.edge.etag import IfMatch
from payymo_api.messaging import outbox
from payymo_api.webhooks.gateway.urls import check_url
from payymo_api.webhooks.models import WebhookEndpoint
from payymo_api.webhooks.repository.deliveries import DeliveryRepository
from payymo_api.webhooks.repository.endpoints import EndpointRepository
from payymo_api.webhooks.rules import signing
from payymo_api.webhooks.schemas.endpoints import EndpointAnswer, EndpointRequest

OVERLAP = timedelta(hours=24)


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


def sealed_for(row: WebhookEndpoint) -> str:
    """What an endpoint's secrets are bound to: moved to another row, they can't be opened."""
    return f"webhook_endpoints:{row.tenant_id}:{row.id}"


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
