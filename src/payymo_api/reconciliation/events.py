from typing import ClassVar

from payymo_api.messaging.events import Event, PublicEvent


class TransactionMatched(PublicEvent):
    name: ClassVar[str] = "transaction.matched"


class TransactionUnmatched(PublicEvent):
    name: ClassVar[str] = "transaction.unmatched"


class MatchingDue(Event):
    """Somebody asks that every open line is looked at again."""

    name: ClassVar[str] = "matching.due"
