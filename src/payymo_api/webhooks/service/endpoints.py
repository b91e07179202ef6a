"""Customers' endpoints: kept, and their secrets rotated."""

from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple
from urllib.parse import urlsplit

import orjson
from pydantic import SecretStr

from payymo_api.core.clock import now
from payymo_api.core.crypto import Keyring
from payymo_api.core.db import Scope
from payymo_api.core.errors import ValidationFailed
from payymo_api.core.types import EndpointId, new_id
from payymo_api.edge.etag import IfMatch
from payymo_api.messaging import outbox
from payymo_api.webhooks.errors import ChallengeFailed, EndpointDisabled
from payymo_api.webhooks.events import EndpointRemoved
from payymo_api.webhooks.gateway.urls import check_url
from payymo_api.webhooks.models import WebhookEndpoint
from payymo_api.webhooks.repository import lanes
from payymo_api.webhooks.repository.endpoints import EndpointRepository
from payymo_api.webhooks.rules import signing
from payymo_api.webhooks.rules.subscriptions import covered
from payymo_api.webhooks.schemas.catalogue import EVENT_TYPES
from payymo_api.webhooks.schemas.endpoint_answers import EndpointAnswer
from payymo_api.webhooks.schemas.endpoints import EndpointRequest
from payymo_api.webhooks.schemas.filters import stored
from payymo_api.webhooks.service.opening import headers_sealed_for, key_sealed_for, sealed_for

OVERLAP = timedelta(hours=24)
UNVERIFIED = "unverified"


class NewSecret(NamedTuple):
    """The endpoint, and its secret in clear: shown now and never again."""

    row: WebhookEndpoint
    secret: str


async def create_endpoint(
    scope: Scope, keyring: Keyring, request: EndpointRequest, *, allow_loopback: bool
) -> NewSecret:
    row = WebhookEndpoint(id=EndpointId(new_id()))
    EndpointRepository(scope).add(row)
    secret = _give_secret(keyring, row)
    check_url(request.url, allow_loopback=allow_loopback)
    _check_filter(request)
    _write(keyring, row, request)
    await _save(scope, row)
    return NewSecret(row, secret)


async def replace_endpoint(
    scope: Scope,
    keyring: Keyring,
    if_match: IfMatch,
    id: EndpointId,
    request: EndpointRequest,
    *,
    allow_loopback: bool,
) -> WebhookEndpoint:
    """Replace what a caller may write; enabling sends what waited, disabling lets it wait."""
    row = await EndpointRepository(scope).get_locked(id)
    if_match.check(EndpointAnswer.model_validate(row))
    check_url(request.url, allow_loopback=allow_loopback)
    _check_filter(request)
    _write(keyring, row, request)
    await _save(scope, row)
    return row


async def pause(scope: Scope, id: EndpointId) -> WebhookEndpoint:
    """Send nothing until `resume`."""
    return await _turn(scope, id, "paused")


async def resume(scope: Scope, id: EndpointId) -> WebhookEndpoint:
    """Send again, and what has waited first."""
    return await _turn(scope, id, "enabled")


async def _turn(scope: Scope, id: EndpointId, status: str) -> WebhookEndpoint:
    row = await EndpointRepository(scope).get_locked(id)
    if not row.enabled:
        raise EndpointDisabled("This endpoint is disabled.")
    row.status = status
    await _save(scope, row)
    return row


async def enable_verified(scope: Scope, id: EndpointId, url: str) -> EndpointAnswer:
    """Note that the URL has echoed its challenge; what waited for that is enabled."""
    row = await EndpointRepository(scope).get_locked(id)
    if row.url != url:
        raise ChallengeFailed("The URL was changed while its challenge was out.")
    row.verified_at = now()
    if row.disabled_reason == UNVERIFIED:
        row.status, row.disabled_reason = "enabled", None
    await _save(scope, row)
    return EndpointAnswer.model_validate(row)


async def remove_endpoint(scope: Scope, id: EndpointId) -> None:
    """Remove the endpoint; what is still open for it ends as failed."""
    row = await EndpointRepository(scope).get_locked(id)
    row.removed_at = now()
    await _save(scope, row)
    await outbox.record(scope, EndpointRemoved(endpoint_id=id))


async def rotate_secret(scope: Scope, keyring: Keyring, id: EndpointId) -> NewSecret:
    """Make a new secret, and a new key if it has one; those before sign beside them for OVERLAP."""
    row = await EndpointRepository(scope).get_locked(id)
    row.previous_secret, row.previous_signing_key = row.secret, row.signing_key
    row.previous_secret_until = now() + OVERLAP
    secret = _give_secret(keyring, row)
    if row.asymmetric:
        _give_signing_key(keyring, row)
    await _save(scope, row)
    return NewSecret(row, secret)


def _check_filter(request: EndpointRequest) -> None:
    """Refuse a field that no event has: what is misspelt would let nothing through for ever."""
    wanted = [type for type in EVENT_TYPES.values() if covered(request.event_types, type.name)]
    known = {name for type in wanted for name in type.schema["properties"]}
    for place, condition in enumerate(request.filter):
        if condition.field.partition(".")[0] not in known:
            raise ValidationFailed.at(
                f"/filter/{place}/field",
                "unknown_field",
                "No event of these types has such a field; see GET /api/v1/event_types.",
            )


def _write(keyring: Keyring, row: WebhookEndpoint, request: EndpointRequest) -> None:
    if row.url != request.url:
        _give_url(row, request)
    row.event_types = list(dict.fromkeys(request.event_types))
    row.filter = stored(request.filter)
    row.description = request.description
    row.each_line = request.each_line
    row.ordering = request.ordering
    row.rate_limit, row.max_concurrency = request.rate_limit, request.max_concurrency
    row.retry_schedule = request.retry_schedule
    row.verify_ownership = request.verify_ownership
    if request.headers is not None:
        _give_headers(keyring, row, request.headers)
    if request.asymmetric != row.asymmetric:
        _switch_signing_key(keyring, row, wanted=request.asymmetric)
    _give_status(row, request)


def _give_status(row: WebhookEndpoint, request: EndpointRequest) -> None:
    """Enable, pause or disable it; why it was disabled stays, as long as it is.

    All but `unverified`: who disables it does not want it back with the challenge.
    """
    if not request.enabled:
        row.status = "disabled"
        row.disabled_reason = None if row.disabled_reason == UNVERIFIED else row.disabled_reason
    elif row.verify_ownership and row.verified_at is None:
        if request.paused:
            raise ValidationFailed.at(
                "/paused", "unverified", "Its URL is not proved yet: pause it after that."
            )
        row.status, row.disabled_reason = "disabled", UNVERIFIED
    else:
        row.status, row.disabled_reason = "paused" if request.paused else "enabled", None


def _give_url(row: WebhookEndpoint, request: EndpointRequest) -> None:
    """A URL proves itself anew; what headers hold is not told to another host unasked."""
    moves = urlsplit(row.url or "").netloc != urlsplit(request.url).netloc
    if moves and row.header_names and request.headers is None:
        raise ValidationFailed.at(
            "/headers", "missing", "The URL's host or port changes: give the headers again, or {}."
        )
    row.url, row.verified_at = request.url, None


def _give_headers(keyring: Keyring, row: WebhookEndpoint, headers: Mapping[str, SecretStr]) -> None:
    plain = {name: value.get_secret_value() for name, value in headers.items()}
    sealed = keyring.encrypt(orjson.dumps(plain), bound_to=headers_sealed_for(row))
    row.header_names, row.header_values = list(plain), sealed if plain else None


def _switch_signing_key(keyring: Keyring, row: WebhookEndpoint, *, wanted: bool) -> None:
    if wanted:
        _give_signing_key(keyring, row)
    else:
        row.signing_key = row.previous_signing_key = row.public_key = None


def _give_signing_key(keyring: Keyring, row: WebhookEndpoint) -> None:
    key = signing.new_signing_key()
    row.signing_key = keyring.encrypt(key.private_bytes_raw(), bound_to=key_sealed_for(row))
    row.public_key = signing.public_text(key)


def _give_secret(keyring: Keyring, row: WebhookEndpoint) -> str:
    secret = signing.new_secret()
    row.secret = keyring.encrypt(secret, bound_to=sealed_for(row))
    return signing.secret_text(secret)


async def _save(scope: Scope, row: WebhookEndpoint) -> None:
    await scope.session.flush()
    await lanes.open_or_close(scope, row.id, is_open=row.active)
    await scope.session.refresh(row)
