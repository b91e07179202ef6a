"""What happened in a story, in numbers; every one was read from the API or the receiver."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class StripeStory:
    """`trace` is what the API says of the payout's bank line, down to the invoices."""

    account: str = ""
    payments: int = 0
    authenticated: int = 0
    declined: str = ""
    refunded_minor: int = 0
    disputed_minor: int = 0
    payout_minor: int = 0
    trace: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Story:
    bank: str = ""
    accounts: int = 0
    transactions_synced: int = 0
    transactions_imported: int = 0
    customers: int = 0
    invoices: int = 0
    matched: int = 0
    invoices_paid: int = 0
    stripe: StripeStory | None = None
    webhooks_delivered: int = 0
    signatures_verified: int = 0
    signatures_refused: int = 0
    seconds: float = 0.0
