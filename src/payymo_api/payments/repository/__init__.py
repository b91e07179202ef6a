"""Payments' SQL; higher features reach our rows through these only."""

from payymo_api.payments.repository.payouts import (
    PayoutRepository,
    payouts_settled,
    payouts_to_settle,
)

__all__ = ["PayoutRepository", "payouts_settled", "payouts_to_settle"]
