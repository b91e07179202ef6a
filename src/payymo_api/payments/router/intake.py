"""What a tenant sees and decides of the events that come from its Stripe accounts."""

from payymo_api.core.refs import StripeConnectionRef
from payymo_api.edge.openapi import problem
from payymo_api.edge.route import api_router
from payymo_api.edge.scope import ScopeDep
from payymo_api.edge.state import PartsDep
from payymo_api.payments.errors import StripeConnectionHasNoKey
from payymo_api.payments.schemas.catch_ups import CatchUpAnswer
from payymo_api.payments.schemas.endpoints import StripeWebhookAnswer, WebhookSecretRequest
from payymo_api.payments.service import catching_up, endpoints

router = api_router("/stripe/connections", "stripe_connections")


@router.post("/{stripe_connection_id}/sync", status_code=202)
async def sync_stripe_connection(
    scope: ScopeDep, stripe_connection_id: StripeConnectionRef
) -> CatchUpAnswer:
    """List the account's events now, for those that never came.

    It happens by itself once a day. A walk that is under way serves this request too. Stripe keeps
    events for 30 days.
    """
    return await catching_up.request(scope, stripe_connection_id)


@router.get("/{stripe_connection_id}/sync")
async def get_stripe_sync(
    scope: ScopeDep, stripe_connection_id: StripeConnectionRef
) -> CatchUpAnswer:
    """Read how far the account's events are known."""
    return await catching_up.show(scope, stripe_connection_id)


_NO_KEY = problem(StripeConnectionHasNoKey("Events of connected accounts come to our platform."))


@router.get("/{stripe_connection_id}/webhook", responses={409: _NO_KEY})
async def get_stripe_webhook(
    scope: ScopeDep, parts: PartsDep, stripe_connection_id: StripeConnectionRef
) -> StripeWebhookAnswer:
    """Read where Stripe delivers the events of a connection by key.

    Payymo makes the endpoint if the key may write webhook endpoints. Otherwise make it in Stripe's
    dashboard, with this URL and these event types, and tell its secret.
    """
    return await endpoints.show(scope, parts.settings.public_url, stripe_connection_id)


@router.post("/{stripe_connection_id}/webhook_secrets", status_code=201)
async def add_stripe_webhook_secret(
    scope: ScopeDep,
    parts: PartsDep,
    stripe_connection_id: StripeConnectionRef,
    request: WebhookSecretRequest,
) -> StripeWebhookAnswer:
    """Tell the secret of the connection's endpoint, first or after a roll.

    Secrets that were told before are accepted for 24 hours more.
    """
    url = parts.settings.public_url
    return await endpoints.add_secret(scope, parts.keyring, url, stripe_connection_id, request)
