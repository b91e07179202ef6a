"""Stripe's objects as we keep them, and the connections that they come from."""

from payymo_api.payments.models.connections import ConnectVisit, StripeConnection
from payymo_api.payments.models.mirrored import Mirrored
from payymo_api.payments.models.payments import StripePayment
from payymo_api.payments.models.payouts import Payout

__all__ = ["ConnectVisit", "Mirrored", "Payout", "StripeConnection", "StripePayment"]
