"""Payments over HTTP: a module per resource."""

from payymo_api.payments.router.callback import router as callback
from payymo_api.payments.router.connections import router as connections
from payymo_api.payments.router.intake import router as intake
from payymo_api.payments.router.payments import router as payments
from payymo_api.payments.router.refunds import router as refunds
from payymo_api.payments.router.webhooks import router as webhooks

__all__ = ["callback", "connections", "intake", "payments", "refunds", "webhooks"]
