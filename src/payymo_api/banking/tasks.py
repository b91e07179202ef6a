from typing import Any

from payymo_api.banking.events import (
    AccountDue,
    ConsentReturned,
    ConsentRevoked,
    RulesApplied,
    TransferDoubted,
)
from payymo_api.banking.service import applying, consent, rollups, sweep, sync, transfers
from payymo_api.banking.service.banks import Banks
from payymo_api.core.db import Database
from payymo_api.core.types import TenantId


async def sync_account(
    database: Database, banks: Banks, tenant_id: TenantId, payload: dict[str, Any]
) -> None:
    due = AccountDue.model_validate(payload)
    await sync.sync_account(database, banks, tenant_id, due.account_id, due.run_id)


async def complete_consent(
    database: Database, banks: Banks, tenant_id: TenantId, payload: dict[str, Any]
) -> None:
    back = ConsentReturned.model_validate(payload)
    digest = bytes.fromhex(back.visit)
    await consent.complete_consent(database, banks, tenant_id, back.connection_id, digest)


async def end_consent(banks: Banks, payload: dict[str, Any]) -> None:
    revoked = ConsentRevoked.model_validate(payload)
    await consent.end_consent(banks, revoked.provider, revoked.consent_ref)


async def review_transfer(database: Database, tenant_id: TenantId, payload: dict[str, Any]) -> None:
    doubted = TransferDoubted.model_validate(payload)
    await transfers.review(database, tenant_id, doubted.transaction_id)


async def apply_rules(database: Database, tenant_id: TenantId, payload: dict[str, Any]) -> None:
    applied = RulesApplied.model_validate(payload)
    await applying.walk(database, tenant_id, applied.application_id)


async def schedule_due(database: Database) -> int:
    """Queue what has fallen due; return how many."""
    return await sweep.schedule_due(database)


async def fold_rollups(database: Database) -> int:
    return await rollups.fold_new(database)
