from typing import Any

from payymo_api.banking.events import LineRemoved
from payymo_api.core.db import Database
from payymo_api.core.types import TenantId
from payymo_api.invoicing.events import CustomersChanged, DocumentsChanged
from payymo_api.payments.events import PayoutsChanged, StripeInvoicesMoved, StripePaymentsMoved
from payymo_api.reconciliation.events import DecisionMade, MatchingDue
from payymo_api.reconciliation.service import (
    booking,
    collecting,
    examining,
    running,
    unmatching,
)


async def match_open_lines(
    database: Database, tenant_id: TenantId, payload: dict[str, Any]
) -> None:
    """New lines have come (`TransactionsSynced`)."""
    del payload  # whichever account: every line that waits is looked at
    await examining.examine(database, tenant_id)


async def match_changed_documents(
    database: Database, tenant_id: TenantId, payload: dict[str, Any]
) -> None:
    event = DocumentsChanged.model_validate(payload)
    await collecting.settle_for(database, tenant_id, event.invoice_ids)
    await examining.examine_touched(database, tenant_id, event.invoice_ids)


async def match_changed_payouts(
    database: Database, tenant_id: TenantId, payload: dict[str, Any]
) -> None:
    event = PayoutsChanged.model_validate(payload)
    await examining.examine_payouts(database, tenant_id, event.payout_ids)


async def match_everything(
    database: Database, tenant_id: TenantId, payload: dict[str, Any]
) -> None:
    event = MatchingDue.model_validate(payload)
    await running.run(database, tenant_id, event.run_id)


async def match_after_decision(
    database: Database, tenant_id: TenantId, payload: dict[str, Any]
) -> None:
    event = DecisionMade.model_validate(payload)
    await examining.examine_after(database, tenant_id, event)


async def match_changed_customers(
    database: Database, tenant_id: TenantId, payload: dict[str, Any]
) -> None:
    event = CustomersChanged.model_validate(payload)
    await examining.examine_customers(database, tenant_id, event.customer_ids)


async def undo_removed_line(
    database: Database, tenant_id: TenantId, payload: dict[str, Any]
) -> None:
    event = LineRemoved.model_validate(payload)
    await unmatching.undo_line(database, tenant_id, event.transaction_id)


async def settle_by_payments(
    database: Database, tenant_id: TenantId, payload: dict[str, Any]
) -> None:
    event = StripePaymentsMoved.model_validate(payload)
    await collecting.settle_all(database, tenant_id, event.payment_ids)


async def book_stripe_invoices(
    database: Database, tenant_id: TenantId, payload: dict[str, Any]
) -> None:
    event = StripeInvoicesMoved.model_validate(payload)
    await booking.book(database, tenant_id, event.invoice_ids)
