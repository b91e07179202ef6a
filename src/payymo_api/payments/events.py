"""What payments announce; the public ones are the contract's event types."""

from collections.abc import Sequence
from typing import ClassVar

from payymo_api.core.types import (
    DisputeId,
    PaymentId,
    PayoutId,
    StripeConnectionId,
    StripeInvoiceId,
)
from payymo_api.messaging.events import Event, PublicEvent


class StripePaymentsMoved(Event):
    """What these payments bring their invoices has changed."""

    name: ClassVar[str] = "stripe_payments.moved"

    payment_ids: Sequence[PaymentId]


class DisputesDecided(Event):
    """What these disputes take from their payments has changed."""

    name: ClassVar[str] = "stripe_disputes.decided"

    dispute_ids: Sequence[DisputeId]


class PayoutsChanged(Event):
    """New or changed payouts: undecided lines may bring one of them."""

    name: ClassVar[str] = "payouts.changed"

    payout_ids: Sequence[PayoutId]


class PayoutListed(Event):
    """A payout's balance transactions can be listed whole from now on."""

    name: ClassVar[str] = "payout.listed"

    payout_id: PayoutId


class StripeInvoicesMoved(Event):
    """These invoices at Stripe are finalised, and differ from what our books may say of them."""

    name: ClassVar[str] = "stripe_invoices.moved"

    invoice_ids: Sequence[StripeInvoiceId]


class StripeAccessEnded(Event):
    """We need the access to a connected account no more; it shall end at Stripe too."""

    name: ClassVar[str] = "stripe_access.ended"

    account_id: str
    livemode: bool


class StripeHistoryDue(Event):
    """What the connection's account has had is to be fetched, or fetched further."""

    name: ClassVar[str] = "stripe_history.due"

    connection_id: StripeConnectionId


class StripeConnected(Event):
    """A connection lives, for the first time or again."""

    name: ClassVar[str] = "stripe_connection.connected"

    connection_id: StripeConnectionId


class StripeCatchUpDue(Event):
    """The connection's events are to be listed, for those that never came."""

    name: ClassVar[str] = "stripe_catch_up.due"

    connection_id: StripeConnectionId


class StripeConnectionRevoked(PublicEvent):
    name: ClassVar[str] = "stripe_connection.revoked"


class StripePaymentSucceeded(PublicEvent):
    name: ClassVar[str] = "stripe_payment.succeeded"


class StripePaymentFailed(PublicEvent):
    name: ClassVar[str] = "stripe_payment.failed"


class StripePaymentRequiresAction(PublicEvent):
    name: ClassVar[str] = "stripe_payment.requires_action"


class StripePaymentRefunded(PublicEvent):
    name: ClassVar[str] = "stripe_payment.refunded"


class StripePaymentDisputed(PublicEvent):
    name: ClassVar[str] = "stripe_payment.disputed"


class StripePayoutPaid(PublicEvent):
    name: ClassVar[str] = "stripe_payout.paid"


class StripePayoutFailed(PublicEvent):
    name: ClassVar[str] = "stripe_payout.failed"


class StripePayoutReconciled(PublicEvent):
    name: ClassVar[str] = "stripe_payout.reconciled"
