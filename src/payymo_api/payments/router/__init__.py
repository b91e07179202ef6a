"""Payments over HTTP: a module per resource."""

from payymo_api.payments.router.callback import router as callback
from payymo_api.payments.router.catalogue import prices, products
from payymo_api.payments.router.connections import router as connections
from payymo_api.payments.router.customers import router as customers
from payymo_api.payments.router.disputes import router as disputes
from payymo_api.payments.router.intake import router as intake
from payymo_api.payments.router.payments import router as payments
from payymo_api.payments.router.payouts import balance_transactions, payouts
from payymo_api.payments.router.refunds import router as refunds
from payymo_api.payments.router.stripe_invoices import router as invoices
from payymo_api.payments.router.subscriptions import router as subscriptions
from payymo_api.payments.router.webhooks import router as webhooks

__all__ = [
    "balance_transactions",
    "callback",
    "connections",
    "customers",
    "disputes",
    "intake",
    "invoices",
    "payments",
    "payouts",
    "prices",
    "products",
    "refunds",
    "subscriptions",
    "webhooks",
]
