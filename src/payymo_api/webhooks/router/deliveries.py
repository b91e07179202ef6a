from collections.abc import Collection
from typing import Annotated

from fastapi import Query

from payymo_api.core.fields import Listing, Paging
from payymo_api.core.refs import DeliveryRef
from payymo_api.core.types import EndpointId
from payymo_api.edge.route import api_router
from payymo_api.edge.scope import ScopeDep
from payymo_api.webhooks.models import WebhookDelivery
from payymo_api.webhooks.repository.attempts import AttemptRepository
from payymo_api.webhooks.repository.deliveries import DeliveryRepository
from payymo_api.webhooks.schemas.deliveries import (
    AttemptAnswer,
    DeliveryAnswer,
    DeliveryFilters,
    DeliveryWithAttempts,
)
from payymo_api.webhooks.service import resending

router = api_router("/webhook_deliveries", "webhook_endpoints")


@router.get("")
async def list_webhook_deliveries(
    scope: ScopeDep, filters: Annotated[DeliveryFilters, Query()]
) -> Listing[DeliveryAnswer]:
    """List deliveries, newest first: what is owed to which endpoint, and what became of it."""
    repository = DeliveryRepository(scope)
    page = await repository.page(filters)
    held = await repository.held({row.endpoint_id for row in page.rows})
    return Listing[DeliveryAnswer].of(page, lambda row: _answer(row, held))


@router.get("/{delivery_id}")
async def get_webhook_delivery(scope: ScopeDep, delivery_id: DeliveryRef) -> DeliveryWithAttempts:
    """Read one delivery with all its attempts."""
    repository = DeliveryRepository(scope)
    row = await repository.get(delivery_id)
    found = _answer(row, await repository.held({row.endpoint_id}))
    attempts = await AttemptRepository(scope).all_of_delivery(delivery_id)
    shown = [AttemptAnswer.model_validate(each) for each in attempts]
    return DeliveryWithAttempts(**found.model_dump(), attempts=shown)


@router.get("/{delivery_id}/attempts")
async def list_delivery_attempts(
    scope: ScopeDep, delivery_id: DeliveryRef, paging: Annotated[Paging, Query()]
) -> Listing[AttemptAnswer]:
    """List the attempts of one delivery, the first first."""
    await DeliveryRepository(scope).get(delivery_id)
    page = await AttemptRepository(scope).of_delivery(delivery_id, paging)
    return Listing[AttemptAnswer].of(page, AttemptAnswer.model_validate)


@router.post("/{delivery_id}/redeliver", status_code=202)
async def redeliver_webhook(scope: ScopeDep, delivery_id: DeliveryRef) -> DeliveryAnswer:
    """Send an event to its endpoint once more, with the same id and the same bytes.

    If that fails too, it is tried again on the whole schedule.
    """
    return DeliveryAnswer.model_validate(await resending.redeliver(scope, delivery_id))


def _answer(row: WebhookDelivery, held: Collection[EndpointId]) -> DeliveryAnswer:
    """Answer a delivery; one that waits for its endpoint has no time of its next attempt."""
    found = DeliveryAnswer.model_validate(row)
    return found.model_copy(update={"next_attempt_at": None} if row.endpoint_id in held else {})
