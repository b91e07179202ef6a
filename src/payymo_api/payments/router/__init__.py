"""Payments over HTTP: a module per resource."""

from payymo_api.payments.router.callback import router as callback
from payymo_api.payments.router.connections import router as connections

__all__ = ["callback", "connections"]
