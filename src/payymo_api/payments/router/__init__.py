"""Payments over HTTP: a module per resource."""

from payymo_api.payments.router.callback import router as callback
from payymo_api.payments.router.connections import router as connections
from payymo_api.payments.router.disputes import router as disputes
from payymo_api.payments.router.payments import router as payments
from payymo_api.payments.router.payouts import balance_transactions, payouts
from payymo_api.payments.router.refunds import router as refunds
from payymo_api.payments.router.webhooks import router as webhooks

__all__ = [
    "balance_transactions",
    "callback",
    "connections",
    "disputes",
    "payments",
    "payouts",
    "refunds",
    "webhooks",
]
