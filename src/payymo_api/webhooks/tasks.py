"""Webhook jobs. Each may run twice, and be killed at any point: its row is due again then."""

from datetime import timedelta
from typing import Any

from payymo_api.core.crypto import Keyring
from payymo_api.core.db import Database
from payymo_api.core.types import DeliveryId, EventId, TenantId
from payymo_api.messaging.leases import Lease
from payymo_api.messaging.queue import Job, Queue, has_room
from payymo_api.webhooks.events import ErasureAsked
from payymo_api.webhooks.gateway import Sender
from payymo_api.webhooks.repository.deliveries import lease_due
from payymo_api.webhooks.service import delivery, erasure

DELIVER = Job("deliver", "webhook")
_SPARE = timedelta(seconds=5)
_BATCH = 200


def lease_of(by: int | None, timeout_seconds: float) -> Lease:
    """Return a lease that outlives the endpoint's time to answer."""
    return Lease(by, timedelta(seconds=timeout_seconds) + _SPARE)


async def queue_due_deliveries(database: Database, queue: Queue, timeout_seconds: float) -> int:
    """Make a job for each delivery that is due; return how many."""
    if not await has_room(queue, DELIVER.queue):
        return 0
    life = await queue.life()
    async with database.system() as session:
        due = await lease_due(session, life, lease_of(life, timeout_seconds).time, _BATCH)
    for row in due:
        await queue.enqueue(DELIVER, row.tenant_id, str(row.id), row.issues)
    return len(due)


async def fan_out(database: Database, tenant_id: TenantId, event_id: EventId) -> None:
    """Owe a public event to every endpoint that wants it."""
    async with database.scope(tenant_id) as scope:
        await delivery.fan_out(scope, event_id)


async def deliver(
    database: Database,
    keyring: Keyring,
    sender: Sender,
    tenant_id: TenantId,
    delivery_id: DeliveryId,
    lease: Lease,
) -> None:
    """Read, send, note: no transaction is open while the endpoint answers."""
    async with database.scope(tenant_id) as scope:
        parcel = await delivery.take(scope, keyring, delivery_id, lease)
    if parcel is None:
        return
    attempt = await delivery.send(sender, parcel)
    async with database.scope(tenant_id) as scope:
        await delivery.note(scope, parcel, attempt)


async def erase_events(database: Database, tenant_id: TenantId, payload: dict[str, Any]) -> None:
    event = ErasureAsked.model_validate(payload)
    await erasure.walk(database, tenant_id, event.erasure_id)
