from functools import partial
from typing import Annotated

from fastapi import Query

from payymo_api.core.fields import Listing, Paging
from payymo_api.core.refs import EndpointRef, ReplayRef
from payymo_api.core.types import EndpointId
from payymo_api.edge.route import IfMatchDep, api_router
from payymo_api.edge.scope import AfterCommitDep, ScopeDep
from payymo_api.edge.state import PartsDep
from payymo_api.webhooks.repository import lanes
from payymo_api.webhooks.repository.attempts import AttemptRepository
from payymo_api.webhooks.repository.endpoints import EndpointRepository
from payymo_api.webhooks.router.challengers import ChallengerDep
from payymo_api.webhooks.schemas.deliveries import (
    AttemptAnswer,
    AttemptFilters,
    DeliveryAnswer,
    ReplayBegun,
    ReplayProgress,
    ReplayRequest,
)
from payymo_api.webhooks.schemas.endpoint_answers import EndpointAnswer, NewSecretAnswer
from payymo_api.webhooks.schemas.endpoints import EndpointRequest, TestRequest
from payymo_api.webhooks.service import challenge, resending
from payymo_api.webhooks.service import endpoints as service
from payymo_api.webhooks.service.letting_go import check_room, until_let_go

router = api_router("/webhook_endpoints", "webhook_endpoints")
_SPARE_SECONDS = 7.0  # until a worker that hears no news looks, and a little


@router.get("")
async def list_webhook_endpoints(
    scope: ScopeDep, paging: Annotated[Paging, Query()]
) -> Listing[EndpointAnswer]:
    """List the webhook endpoints, newest first; their secrets are never shown again."""
    page = await EndpointRepository(scope).page(paging.cursor, paging.limit)
    return Listing[EndpointAnswer].of(page, EndpointAnswer.model_validate)


@router.post("", status_code=201)
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


@router.get("/{endpoint_id}")
async def get_webhook_endpoint(scope: ScopeDep, endpoint_id: EndpointRef) -> EndpointAnswer:
    """Read one webhook endpoint."""
    return EndpointAnswer.model_validate(await EndpointRepository(scope).get(endpoint_id))


@router.put("/{endpoint_id}")
async def replace_webhook_endpoint(
    scope: ScopeDep,
    parts: PartsDep,
    if_match: IfMatchDep,
    after_commit: AfterCommitDep,
    endpoint_id: EndpointRef,
    request: EndpointRequest,
) -> EndpointAnswer:
    """Replace what an endpoint gets and where.

    Disabled, it gets nothing: what is open and what happens meanwhile is sent when it is enabled.
    """
    allow = parts.settings.webhook_allow_loopback
    row = await service.replace_endpoint(
        scope, parts.keyring, if_match, endpoint_id, request, allow_loopback=allow
    )
    await _let_go(scope, parts, after_commit, endpoint_id)
    return EndpointAnswer.model_validate(row)


@router.delete("/{endpoint_id}", status_code=204)
async def remove_webhook_endpoint(
    scope: ScopeDep, parts: PartsDep, after_commit: AfterCommitDep, endpoint_id: EndpointRef
) -> None:
    """Remove an endpoint: nothing is sent to it any more, open deliveries end as failed."""
    await service.remove_endpoint(scope, endpoint_id)
    await _let_go(scope, parts, after_commit, endpoint_id)


@router.post("/{endpoint_id}/pause")
async def pause_webhook_endpoint(
    scope: ScopeDep, parts: PartsDep, after_commit: AfterCommitDep, endpoint_id: EndpointRef
) -> EndpointAnswer:
    """Send nothing to an endpoint until it is resumed; its events wait.

    Pausing a paused one changes nothing; a disabled one is refused.
    """
    row = await service.pause(scope, endpoint_id)
    await _let_go(scope, parts, after_commit, endpoint_id)
    return EndpointAnswer.model_validate(row)


@router.post("/{endpoint_id}/resume")
async def resume_webhook_endpoint(scope: ScopeDep, endpoint_id: EndpointRef) -> EndpointAnswer:
    """Send to a paused endpoint again, what has waited first.

    Resuming one that is not paused changes nothing; a disabled one is refused.
    """
    return EndpointAnswer.model_validate(await service.resume(scope, endpoint_id))


@router.post("/{endpoint_id}/verify")
async def verify_webhook_endpoint(
    challenger: ChallengerDep, endpoint_id: EndpointRef
) -> EndpointAnswer:
    """Send a challenge to an endpoint; one that waited for that is enabled when it comes back.

    The challenge is a signed POST whose body has the `event_type` `webhook_endpoint.challenge` and
    a `challenge`; the endpoint answers 2xx with `{"challenge": "…"}`, or with it as plain text.
    """
    return await challenge.verify(challenger, endpoint_id)


@router.post("/{endpoint_id}/rotate_secret")
async def rotate_webhook_secret(
    scope: ScopeDep, parts: PartsDep, endpoint_id: EndpointRef
) -> NewSecretAnswer:
    """Make a new signing secret, shown in this answer only, and a new ed25519 key if it has one.

    For 24 hours those before them sign too. Rotated again within them, only the last two sign.
    """
    return _with_secret(await service.rotate_secret(scope, parts.keyring, endpoint_id))


@router.post("/{endpoint_id}/test", status_code=202)
async def test_webhook_endpoint(
    scope: ScopeDep, endpoint_id: EndpointRef, request: TestRequest
) -> DeliveryAnswer:
    """Send a test event to this endpoint alone.

    Its body holds `"test": true` and `"sequence": 0`: it takes no place in the sequence of events.
    What came of it stands in GET /api/v1/webhook_deliveries/{delivery_id}.
    """
    delivery = await resending.send_test(scope, endpoint_id, request.event_type)
    return DeliveryAnswer.model_validate(delivery)


@router.get("/{endpoint_id}/attempts")
async def list_endpoint_attempts(
    scope: ScopeDep, endpoint_id: EndpointRef, filters: Annotated[AttemptFilters, Query()]
) -> Listing[AttemptAnswer]:
    """List the attempts at an endpoint, those of the newest delivery first.

    Of one delivery, the last attempt comes first. A delivery that is tried for days is found where
    it was made, not where it was tried last.
    """
    await EndpointRepository(scope).get(endpoint_id)
    page = await AttemptRepository(scope).of_endpoint(endpoint_id, filters)
    return Listing[AttemptAnswer].of(page, AttemptAnswer.model_validate)


@router.post("/{endpoint_id}/replay", status_code=202)
async def replay_events(
    scope: ScopeDep, endpoint_id: EndpointRef, request: ReplayRequest
) -> ReplayBegun:
    """Send an endpoint the past events that it subscribes to, delivered before or not.

    Give `since`, or `from_sequence` and perhaps `to_sequence`; `event_type` and `only_failed` make
    it less. At most 10,000 events are looked at in one call; `next_sequence` says where to go on.
    Asked twice, they are sent twice; under one Idempotency-Key, once.
    """
    return await resending.replay(scope, endpoint_id, request)


@router.get("/{endpoint_id}/replays/{replay_id}")
async def get_replay(
    scope: ScopeDep, endpoint_id: EndpointRef, replay_id: ReplayRef
) -> ReplayProgress:
    """Read how far a replay has come."""
    return await resending.progress(scope, endpoint_id, replay_id)


async def _let_go(
    scope: ScopeDep, parts: PartsDep, after_commit: AfterCommitDep, id: EndpointId
) -> None:
    """Answer only when no worker sends any more as it did before the change."""
    check_room(scope.tenant_id)
    taken = await lanes.leases(scope, id)
    longest = parts.settings.webhook_timeout_seconds + _SPARE_SECONDS
    after_commit(partial(until_let_go, parts.database, scope.tenant_id, id, taken, longest))


def _with_secret(made: service.NewSecret) -> NewSecretAnswer:
    shown = EndpointAnswer.model_validate(made.row)
    return NewSecretAnswer(**shown.model_dump(), secret=made.secret)
