from functools import partial
from typing import Any, Final
from uuid import UUID

from payymo_api.core.db import Database
from payymo_api.core.types import TenantId
from payymo_api.messaging import inbox
from payymo_api.messaging.leases import Lease
from payymo_api.messaging.queue import Job, Queue
from payymo_api.payments.events import (
    DisputesDecided,
    PayoutListed,
    StripeAccessEnded,
    StripeCatchUpDue,
    StripeConnected,
    StripeHistoryDue,
)
from payymo_api.payments.service import (
    catching_up,
    connections,
    disputes,
    endpoints,
    following,
    history,
    payouts,
)
from payymo_api.payments.service.accounts import Stripes
from payymo_api.payments.service.intake import SOURCE

FOLLOW: Final = Job("follow_stripe_event", "webhook")


async def end_access(
    database: Database, stripes: Stripes, _: TenantId, payload: dict[str, Any]
) -> None:
    await connections.end_access(database, stripes, StripeAccessEnded.model_validate(payload))


async def queue_messages(database: Database, queue: Queue) -> int:
    """Make jobs for the messages that are due; return how many are."""
    return await inbox.issue(database, queue, {SOURCE: FOLLOW})


async def follow_event(
    database: Database, stripes: Stripes, tenant_id: TenantId, id: UUID, lease: Lease
) -> None:
    """Ask Stripe for what a message, and all that are like it, tell of."""
    follow = partial(following.follow, database, stripes)
    await inbox.perform(database, follow, tenant_id, id, lease)


async def register_endpoint(
    database: Database, stripes: Stripes, tenant_id: TenantId, payload: dict[str, Any]
) -> None:
    connected = StripeConnected.model_validate(payload)
    await endpoints.register(database, stripes, tenant_id, connected.connection_id)


async def catch_up(
    database: Database, stripes: Stripes, tenant_id: TenantId, payload: dict[str, Any]
) -> None:
    due = StripeCatchUpDue.model_validate(payload)
    await catching_up.catch_up(database, stripes, tenant_id, due.connection_id)


async def schedule_due(database: Database) -> int:
    """Queue what has fallen due; return how many."""
    return await catching_up.schedule_due(database)


async def fetch_payout_parts(
    database: Database, stripes: Stripes, tenant_id: TenantId, payload: dict[str, Any]
) -> None:
    listed = PayoutListed.model_validate(payload)
    await payouts.fetch_parts(database, stripes, tenant_id, listed.payout_id)


async def tell_disputed_payments(
    database: Database, tenant_id: TenantId, payload: dict[str, Any]
) -> None:
    decided = DisputesDecided.model_validate(payload)
    await disputes.tell_payments(database, tenant_id, decided.dispute_ids)


async def fetch_history(
    database: Database, stripes: Stripes, tenant_id: TenantId, payload: dict[str, Any]
) -> None:
    due = StripeHistoryDue.model_validate(payload)
    await history.fetch(database, stripes, tenant_id, due.connection_id)
