"""What a bank says of an account, whether a feed or a statement file brings it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from payymo_api.core.money import Money


@dataclass(frozen=True, slots=True)
class Balance:
    """ISO 20022 balance type as the bank names it (interimAvailable, closingBooked …)."""

    type: str
    amount: Money
    reference_on: date | None


@dataclass(frozen=True, slots=True)
class BankTransaction:
    """One line as the bank tells it; money in is positive.

    `provider_id` and `internal_id` are hints, never identity: placeholders are already None.
    `raw` is the provider's object, unknown fields included.
    """

    booked: bool
    amount: Money
    booked_on: date | None
    value_on: date | None
    booked_at: datetime | None
    description: str
    reference: str | None
    end_to_end_id: str | None
    counterparty_name: str | None
    counterparty_iban: str | None
    provider_id: str | None
    internal_id: str | None
    raw: Mapping[str, Any] = field(repr=False)
