from typing import Any

from payymo_api.core.db import Database
from payymo_api.core.types import TenantId
from payymo_api.payments.events import (
    DisputesDecided,
    PayoutListed,
    StripeAccessEnded,
    StripeHistoryDue,
)
from payymo_api.payments.service import connections, disputes, history, payouts
from payymo_api.payments.service.accounts import Stripes


async def end_access(database: Database, stripes: Stripes, payload: dict[str, Any]) -> None:
    await connections.end_access(database, stripes, StripeAccessEnded.model_validate(payload))


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
