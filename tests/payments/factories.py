"""Stripe's objects as the mirror keeps them, for tests that need no Stripe."""

from datetime import date
from typing import Any

from payymo_api.core.clock import now
from payymo_api.core.db import Database
from payymo_api.core.types import StripeConnectionId, TenantId, new_id, parse_public_id, public_id
from payymo_api.payments.models import Payout, StripeConnection, StripeDispute, StripePayment


async def make_payout(database: Database, tenant_id: TenantId, minor: int, **fields: object) -> str:
    """Return the public id of a payout that has arrived."""
    values: dict[str, Any] = {
        "amount_minor": minor,
        "currency": "GBP",
        "status": "paid",
        "arrival_on": date(2026, 1, 20),
        "method": "standard",
        "automatic": True,
        "traceable": True,
        "listed_whole": False,
        **fields,
    }
    return await _make(database, tenant_id, Payout, **values)


async def make_payment(
    database: Database, tenant_id: TenantId, minor: int, **fields: object
) -> str:
    """Return the public id of a payment that succeeded."""
    values: dict[str, Any] = {
        "amount_minor": minor,
        "amount_capturable_minor": 0,
        "amount_received_minor": minor,
        "amount_refunded_minor": 0,
        "currency": "GBP",
        "status": "succeeded",
        "disputed": False,
        "capture_method": "automatic_async",
        "metadata_": {},
        **fields,
    }
    return await _make(database, tenant_id, StripePayment, **values)


async def make_dispute(
    database: Database, tenant_id: TenantId, minor: int, **fields: object
) -> str:
    values: dict[str, Any] = {
        "amount_minor": minor,
        "currency": "GBP",
        "status": "needs_response",
        "reason": "fraudulent",
        "evidence_submitted": False,
        **fields,
    }
    return await _make(database, tenant_id, StripeDispute, **values)


async def _make(
    database: Database,
    tenant_id: TenantId,
    model: type[Payout | StripeDispute | StripePayment],
    **values: object,
) -> str:
    id, connection = new_id(), await make_connection(database, tenant_id)
    row = model(
        tenant_id=tenant_id,
        id=id,
        connection_id=parse_public_id("scon", connection),
        stripe_id=f"x_{id.hex}",
        asked_at=now(),
        stripe_created_at=now(),
        raw={},
        **values,
    )
    async with database.scope(tenant_id) as scope:
        scope.session.add(row)
    return public_id(model.prefix, id)


async def make_connection(database: Database, tenant_id: TenantId) -> str:
    """Return the public id of a connection to an account that nobody asks."""
    id = StripeConnectionId(new_id())
    row = StripeConnection(tenant_id=tenant_id, id=id, type="key", status="active", livemode=False)
    async with database.scope(tenant_id) as scope:
        scope.session.add(row)
    return public_id("scon", id)
