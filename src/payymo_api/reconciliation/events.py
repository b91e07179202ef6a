from typing import ClassVar

from payymo_api.messaging.events import PublicEvent


class TransactionMatched(PublicEvent):
    name: ClassVar[str] = "transaction.matched"


class TransactionUnmatched(PublicEvent):
    name: ClassVar[str] = "transaction.unmatched"
