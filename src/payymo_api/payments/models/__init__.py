"""Stripe's objects as we keep them, and the connections that they come from."""

from payymo_api.payments.models.about_payment import AboutPayment
from payymo_api.payments.models.connections import ConnectVisit, StripeConnection
from payymo_api.payments.models.customers import StripeCustomer
from payymo_api.payments.models.disputes import StripeDispute
from payymo_api.payments.models.histories import StripeHistory
from payymo_api.payments.models.intake import StripeCatchUp, StripeWebhookSecret
from payymo_api.payments.models.invoices import StripeInvoice
from payymo_api.payments.models.mirrored import Mirrored
from payymo_api.payments.models.payments import StripePayment
from payymo_api.payments.models.payouts import BalanceTransaction, Payout
from payymo_api.payments.models.refunds import StripeRefund
from payymo_api.payments.models.subscriptions import StripeSubscription

__all__ = [
    "AboutPayment",
    "BalanceTransaction",
    "ConnectVisit",
    "Mirrored",
    "Payout",
    "StripeCatchUp",
    "StripeConnection",
    "StripeCustomer",
    "StripeDispute",
    "StripeHistory",
    "StripeInvoice",
    "StripePayment",
    "StripeRefund",
    "StripeSubscription",
    "StripeWebhookSecret",
]
