"""What banking announces; the public ones are the contract's event types."""

from typing import ClassVar, Literal

from payymo_api.core.types import AccountId, ApplicationId, ConnectionId, RunId, TransactionId
from payymo_api.messaging.events import Event, PublicEvent

Trigger = Literal["connected", "schedule", "refresh"]


class AccountDue(Event):
    """An account shall be read now; `run_id` is the run that was opened for it."""

    name: ClassVar[str] = "account.due"

    account_id: AccountId
    run_id: RunId
    trigger: Trigger


class TransactionsSynced(Event):
    """An account has lines that nobody has tried to match."""

    name: ClassVar[str] = "transactions.synced"

    account_id: AccountId


class LineRemoved(Event):
    """The bank took a line back; if it was matched, its match is undone."""

    name: ClassVar[str] = "line.removed"

    transaction_id: TransactionId


class TransferDoubted(Event):
    """A line of an own transfer was changed or removed; it may be none any more."""

    name: ClassVar[str] = "transfer.doubted"

    transaction_id: TransactionId


class RulesApplied(Event):
    """The category rules shall be applied to the past."""

    name: ClassVar[str] = "category_rules.applied"

    application_id: ApplicationId


class ConsentRevoked(Event):
    """We need a consent no more; it shall end at the provider too."""

    name: ClassVar[str] = "consent.revoked"

    provider: str
    consent_ref: str


class ConsentReturned(Event):
    """The bank sent its user back; `visit` is the hex digest of the trip's state.

    Due a minute after the callback, which has normally done all of it by then.
    """

    name: ClassVar[str] = "consent.returned"

    connection_id: ConnectionId
    visit: str


class BankConnectionCreated(PublicEvent):
    name: ClassVar[str] = "bank_connection.created"


class BankConnectionUpdated(PublicEvent):
    name: ClassVar[str] = "bank_connection.updated"


class BankConnectionExpiring(PublicEvent):
    """A consent ends in 14, 7 or 1 days."""

    name: ClassVar[str] = "bank_connection.expiring"


class BankConnectionExpired(PublicEvent):
    name: ClassVar[str] = "bank_connection.expired"


class TransactionCreated(PublicEvent):
    """`each_line` marks lines of a first sync or an import, which most endpoints skip."""

    name: ClassVar[str] = "transaction.created"

    each_line: bool = False


class TransactionUpdated(PublicEvent):
    """`each_line` marks lines of a walk over the past, which most endpoints skip."""

    name: ClassVar[str] = "transaction.updated"

    each_line: bool = False


class TransactionRemoved(PublicEvent):
    name: ClassVar[str] = "transaction.removed"


class TransactionsImported(PublicEvent):
    """The summary in place of an event per line."""

    name: ClassVar[str] = "transactions.imported"


class TransactionsCategorised(PublicEvent):
    """The summary of a walk over the past in place of an event per line."""

    name: ClassVar[str] = "transactions.categorised"
