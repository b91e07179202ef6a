"""What becomes of endpoints that fail: their owners are warned, in the end they are disabled."""

from collections.abc import Collection
from datetime import datetime

from payymo_api.core import log
from payymo_api.core.clock import now
from payymo_api.core.db import Database, Scope
from payymo_api.core.types import EndpointId, public_id
from payymo_api.edge import exact
from payymo_api.messaging import outbox
from payymo_api.webhooks.events import WebhookEndpointDisabled, WebhookEndpointFailing
from payymo_api.webhooks.models import WebhookEndpoint
from payymo_api.webhooks.repository import lanes
from payymo_api.webhooks.repository.endpoints import EndpointRepository
from payymo_api.webhooks.repository.lanes import Key
from payymo_api.webhooks.repository.stats import HourRepository
from payymo_api.webhooks.rules import health
from payymo_api.webhooks.schemas.endpoint_answers import EndpointAnswer
from payymo_api.webhooks.schemas.news import EndpointFailing

_log = log.get(__name__)


async def judge(database: Database, keys: Collection[Key]) -> None:
    """Warn of those of these endpoints that have failed for long; disable those for too long.

    Asked after an attempt to each has failed: what nothing is sent to is never disabled.
    """
    async with database.system_batch_scope() as system:
        failing = await lanes.failing(system, keys)
    at = now()
    for each in failing:
        if health.due(each.since, at, each.warned_percent):
            tenant_id, endpoint_id = each.key
            async with database.scope(tenant_id) as scope:
                await _act(scope, endpoint_id, at)


async def _act(scope: Scope, id: EndpointId, at: datetime) -> None:
    """Do what is due, unless somebody else just did: the endpoint's row is locked first."""
    endpoint = await EndpointRepository(scope).locked(id)
    failing = await lanes.failing(scope, [(scope.tenant_id, id)])
    if endpoint is None or not endpoint.active or not failing:
        return
    since = failing[0].since
    percent = health.due(since, at, failing[0].warned_percent)
    if percent is None:
        return
    if not await HourRepository(scope).was_sent_to(id, at - health.SILENCE):
        await lanes.count_anew(scope, id, at)
    elif percent == health.DISABLED:
        await disable(scope, id, "failing")
    else:
        await _warn(scope, endpoint, since, percent)


async def _warn(scope: Scope, endpoint: WebhookEndpoint, since: datetime, percent: int) -> None:
    await lanes.note_warned(scope, endpoint.id, percent)
    told = EndpointFailing.model_validate(
        {
            "id": endpoint.id,
            "url": endpoint.url,
            "failing_since": since,
            "percent": percent,
            "disables_at": health.disables_at(since),
        }
    )
    await outbox.record(scope, WebhookEndpointFailing(data=exact.dump(told).decode()))
    _log.info("webhook_endpoint_failing", endpoint=public_id("we", endpoint.id), percent=percent)


async def disable(scope: Scope, id: EndpointId, reason: str) -> None:
    """Stop sending to it, once, without its owner's asking; what is owed to it is held."""
    endpoint = await EndpointRepository(scope).locked(id)
    if endpoint is None or endpoint.status == "disabled":
        return
    endpoint.status, endpoint.disabled_reason = "disabled", reason
    await scope.session.flush()
    await scope.session.refresh(endpoint)
    await lanes.open_or_close(scope, id, is_open=False)
    told = EndpointAnswer.model_validate(endpoint)
    await outbox.record(scope, WebhookEndpointDisabled(data=exact.dump(told).decode()))
    _log.info("webhook_endpoint_disabled", endpoint=public_id("we", id), reason=reason)
