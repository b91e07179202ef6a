"""Stripe over HTTP: a module per resource."""

from payymo_api.payments.router.payments import router as payments
from payymo_api.payments.router.refunds import router as refunds
from payymo_api.payments.router.webhooks import router as webhooks

__all__ = ["payments", "refunds", "webhooks"]
