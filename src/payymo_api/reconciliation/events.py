from typing import ClassVar

from payymo_api.core.types import InvoiceId, MatchingRunId, PayoutId, TransactionId
from payymo_api.messaging.events import Event, PublicEvent


class TransactionMatched(PublicEvent):
    name: ClassVar[str] = "transaction.matched"


class TransactionUnmatched(PublicEvent):
    name: ClassVar[str] = "transaction.unmatched"


class ReconciliationSuggested(PublicEvent):
    name: ClassVar[str] = "reconciliation.suggested"


class MatchingDue(Event):
    """Somebody asks that every open line is looked at again."""

    name: ClassVar[str] = "matching.due"

    run_id: MatchingRunId


class DecisionMade(Event):
    """Matches were made or undone, or a suggestion rejected: other lines may mean more, or less.

    `invoice_ids`, `payout_ids`: what it was about. `transaction_ids`: whose payers it taught. They
    are looked at again themselves if they are open.
    """

    name: ClassVar[str] = "decision.made"

    invoice_ids: tuple[InvoiceId, ...]
    transaction_ids: tuple[TransactionId, ...] = ()
    payout_ids: tuple[PayoutId, ...] = ()
