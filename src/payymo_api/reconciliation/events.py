from typing import ClassVar

from payymo_api.core.types import InvoiceId, MatchingRunId
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
    """A match was made by a person, or undone, or a suggestion rejected: other lines may mean more.

    `invoice_ids`: the documents it was about. Its own lines are looked at again if they are open.
    """

    name: ClassVar[str] = "decision.made"

    invoice_ids: tuple[InvoiceId, ...]
