"""An endpoint's URL proves that it wants our events: asked between two transactions."""

from dataclasses import dataclass

import orjson

from payymo_api.core.clock import now, rfc3339
from payymo_api.core.crypto import Keyring
from payymo_api.core.db import Database
from payymo_api.core.types import EndpointId, TenantId, new_id, public_id
from payymo_api.messaging.relay import API_VERSION
from payymo_api.webhooks.errors import ChallengeFailed
from payymo_api.webhooks.gateway import Answer, DeliveryFailed, Sender
from payymo_api.webhooks.repository.endpoints import EndpointRepository
from payymo_api.webhooks.rules.challenges import echoes, new_challenge
from payymo_api.webhooks.schemas.endpoint_answers import EndpointAnswer
from payymo_api.webhooks.service.endpoints import enable_verified
from payymo_api.webhooks.service.opening import Destination, open_endpoint

EVENT_TYPE = "webhook_endpoint.challenge"


@dataclass(frozen=True, slots=True)
class Challenger:
    """Who asks, and by what; no transaction is open."""

    database: Database
    keyring: Keyring
    sender: Sender
    tenant_id: TenantId


async def verify(challenger: Challenger, id: EndpointId) -> EndpointAnswer:
    """Send a challenge; ChallengeFailed if it does not come back. Each call sends a new one."""
    async with challenger.database.scope(challenger.tenant_id) as scope:
        row = await EndpointRepository(scope).get(id)
        destination = open_endpoint(challenger.keyring, row)
    challenge = new_challenge()
    answer = await _asked(challenger, destination, challenge)
    if not 200 <= answer.status <= 299:  # noqa: PLR2004  the success class of HTTP
        raise ChallengeFailed(f"The endpoint answered {answer.status}.")
    if not echoes(answer.body_excerpt, challenge):
        raise ChallengeFailed("The endpoint's answer is not the challenge.")
    async with challenger.database.scope(challenger.tenant_id) as scope:
        return await enable_verified(scope, id, destination.url)


async def _asked(challenger: Challenger, destination: Destination, challenge: str) -> Answer:
    event_id, at = public_id("evt", new_id()), now()
    body = orjson.dumps(
        {
            "id": event_id,
            "event_type": EVENT_TYPE,
            "timestamp": rfc3339(at),
            "tenant_id": public_id("tenant", challenger.tenant_id),
            "api_version": API_VERSION,
            "challenge": challenge,
        }
    )
    headers = destination.signed(event_id, body, at)
    try:
        return await challenger.sender.post(destination.url, headers, body)
    except DeliveryFailed as failure:
        raise ChallengeFailed(failure.detail) from failure
