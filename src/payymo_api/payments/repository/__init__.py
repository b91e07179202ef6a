"""Payments' SQL; higher features reach our rows through these only."""

from payymo_api.payments.repository.collected import (
    collected_before,
    invoices_named,
    invoices_paid,
    invoices_to_book,
    payments_for,
    payments_lost,
    payments_of,
    payments_settled,
    payments_to_settle,
)
from payymo_api.payments.repository.payouts import (
    PayoutRepository,
    payouts_settled,
    payouts_to_settle,
)

__all__ = [
    "PayoutRepository",
    "collected_before",
    "invoices_named",
    "invoices_paid",
    "invoices_to_book",
    "payments_for",
    "payments_lost",
    "payments_of",
    "payments_settled",
    "payments_to_settle",
    "payouts_settled",
    "payouts_to_settle",
]
