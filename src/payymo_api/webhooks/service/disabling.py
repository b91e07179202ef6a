"""Stop sending to an endpoint without its owner's asking, and say so to the others."""

from payymo_api.core import log
from payymo_api.core.db import Scope
from payymo_api.core.types import EndpointId, public_id
from payymo_api.edge import exact
from payymo_api.messaging import outbox
from payymo_api.webhooks.events import WebhookEndpointDisabled
from payymo_api.webhooks.repository import lanes
from payymo_api.webhooks.repository.endpoints import EndpointRepository
from payymo_api.webhooks.schemas.endpoint_answers import EndpointAnswer

_log = log.get(__name__)


async def disable(scope: Scope, id: EndpointId, reason: str) -> None:
    """Disable it, once; what is owed to it is held until it is enabled again."""
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
