"""The webhook endpoint that a connection by key has at Stripe for itself, and its secrets."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from payymo_api.core import log
from payymo_api.core.clock import now
from payymo_api.core.crypto import Keyring
from payymo_api.core.db import Database, Scope
from payymo_api.core.types import StripeConnectionId, TenantId, new_id, public_id
from payymo_api.payments.errors import StripeConnectionHasNoKey, StripeRefused, StripeScopeMissing
from payymo_api.payments.gateway import StripeAccount
from payymo_api.payments.gateway.stripe import API_VERSION
from payymo_api.payments.models import StripeConnection, StripeWebhookSecret
from payymo_api.payments.models.connections import LIVING
from payymo_api.payments.repository.connections import StripeConnectionRepository
from payymo_api.payments.repository.secrets import WebhookSecretRepository
from payymo_api.payments.rules.notices import FOLLOWED
from payymo_api.payments.rules.raw import Raw
from payymo_api.payments.schemas.endpoints import StripeWebhookAnswer, WebhookSecretRequest
from payymo_api.payments.service.accounts import Stripes
from payymo_api.payments.service.secrets import sealed

_KIND: Final = "webhook_endpoint"
_OVERLAP: Final = timedelta(hours=24)
"""The longest that Stripe signs with an old secret after a roll."""
_log = log.get(__name__)


def address(public_url: str, id: StripeConnectionId) -> str:
    return f"{public_url}/webhooks/stripe/{public_id('scon', id)}"


async def show(scope: Scope, public_url: str, id: StripeConnectionId) -> StripeWebhookAnswer:
    connection = await _with_key(scope, id)
    return _answer(public_url, connection, await WebhookSecretRepository(scope).in_force(id))


async def add_secret(
    scope: Scope,
    keyring: Keyring,
    public_url: str,
    id: StripeConnectionId,
    request: WebhookSecretRequest,
) -> StripeWebhookAnswer:
    """Take another secret; those of before sign for a day more, as Stripe rolls them."""
    connection = await _with_key(scope, id)
    known = await WebhookSecretRepository(scope).in_force(id)
    await _keep(scope, keyring, connection, request.secret.get_secret_value(), _ref(known))
    return await show(scope, public_url, id)


async def _with_key(scope: Scope, id: StripeConnectionId) -> StripeConnection:
    connection = await StripeConnectionRepository(scope).get_locked(id)
    if connection.type != "key":
        raise StripeConnectionHasNoKey("Events of connected accounts come to our platform.")
    return connection


async def _keep(
    scope: Scope, keyring: Keyring, connection: StripeConnection, secret: str, ref: str | None
) -> None:
    secrets, row_id = WebhookSecretRepository(scope), new_id()
    await secrets.end(connection.id, now() + _OVERLAP)
    secrets.add(
        StripeWebhookSecret(
            id=row_id,
            connection_id=connection.id,
            sealed=sealed(keyring, scope.tenant_id, row_id, secret),
            endpoint_ref=ref,
        )
    )
    await scope.session.flush()


def _ref(secrets: Sequence[StripeWebhookSecret]) -> str | None:
    return next((each.endpoint_ref for each in secrets if each.endpoint_ref), None)


def _answer(
    public_url: str, connection: StripeConnection, secrets: Sequence[StripeWebhookSecret]
) -> StripeWebhookAnswer:
    return StripeWebhookAnswer(
        connection_id=connection.id,
        url=address(public_url, connection.id),
        endpoint_id=_ref(secrets),
        secrets_in_force=len(secrets),
        event_types=list(FOLLOWED),
    )


async def register(
    database: Database, stripes: Stripes, tenant_id: TenantId, id: StripeConnectionId
) -> None:
    """Make the endpoint at Stripe, if the key may; otherwise the tenant makes it.

    Stripe tells the secret once; a repeated call with the same key is told it again.
    """
    async with database.scope(tenant_id) as scope:
        connection = await StripeConnectionRepository(scope).find(id)
        ref = _ref(await WebhookSecretRepository(scope).in_force(id))
    if connection is None or connection.status not in LIVING or connection.type != "key":
        return
    account = stripes.of(connection)
    try:
        if ref and await _still_there(account, ref):
            return
        made = await _make(account, connection, address(stripes.public_url, id))
    except (StripeScopeMissing, StripeRefused) as error:
        _log.warning("stripe_endpoint_not_made", code=error.code)
        return
    async with database.scope(tenant_id) as scope:
        row = await StripeConnectionRepository(scope).find_locked(id)
        if row and _ref(await WebhookSecretRepository(scope).in_force(id)) != made["id"]:
            await _keep(scope, stripes.keyring, row, made["secret"], made["id"])


async def _make(account: StripeAccount, connection: StripeConnection, url: str) -> Raw:
    params = {
        "url": url,
        "enabled_events": list(FOLLOWED),
        "api_version": API_VERSION,
        "description": "Payymo",
    }
    key = f"{_KIND}:{connection.id}:{connection.activated_at}"
    return await account.create(_KIND, params, key=key)


async def _still_there(account: StripeAccount, ref: str) -> bool:
    """Whether Stripe has it; one that was disabled meanwhile is enabled again."""
    try:
        await account.update(_KIND, ref, {"disabled": False}, key=f"{_KIND}:{new_id()}")
    except StripeRefused as error:
        if error.missing:
            return False
        raise
    return True
