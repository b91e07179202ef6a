from collections.abc import Collection

from payymo_api.core.db import Database
from payymo_api.core.types import DisputeId, TenantId
from payymo_api.messaging import outbox
from payymo_api.payments.events import StripePaymentsMoved
from payymo_api.payments.repository.disputes import DisputeRepository


async def tell_payments(
    database: Database, tenant_id: TenantId, disputes: Collection[DisputeId]
) -> None:
    """What disputes take has changed, and with it what their payments bring.

    A payment that is not mirrored yet tells of itself when it is.
    """
    async with database.scope(tenant_id) as scope:
        payments = await DisputeRepository(scope).payments_of(disputes)
        if payments:
            await outbox.record(scope, StripePaymentsMoved(payment_ids=payments))
