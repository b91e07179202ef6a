from typing import ClassVar

from payymo_api.core.types import PayoutId
from payymo_api.messaging.events import Event, PublicEvent


class PayoutsChanged(Event):
    """New or changed payouts: undecided lines may bring one of them."""

    name: ClassVar[str] = "payouts.changed"

    payout_ids: tuple[PayoutId, ...]


class StripePayoutReconciled(PublicEvent):
    name: ClassVar[str] = "stripe_payout.reconciled"
