from typing import Any

from payymo_api.core.db import Database
from payymo_api.core.types import TenantId
from payymo_api.payments.events import DisputesDecided, PayoutListed
from payymo_api.payments.service import disputes, payouts
from payymo_api.payments.service.accounts import Stripes


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
