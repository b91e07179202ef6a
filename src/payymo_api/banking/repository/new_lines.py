"""Rows of `transactions` that are about to be written: a first sync makes a hundred thousand."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson

from payymo_api.banking.rules.categorising import Label
from payymo_api.banking.rules.merge import Placed
from payymo_api.core.types import AccountId, TransactionId, new_id

TOLD = (
    "amount_minor",
    "currency",
    "booked_on",
    "value_on",
    "booked_at",
    "description",
    "reference",
    "end_to_end_id",
    "counterparty_name",
    "counterparty_iban",
    "provider_id",
    "internal_id",
    "source",
)
"""What a line says, as both the line and its row call it."""
WRITTEN = (
    "id",
    "account_id",
    "status",
    *TOLD,
    "raw",
    "fingerprint",
    "occurrence",
    "merchant",
    "category",
    "category_source",
    "created_at",
    "updated_at",
)


@dataclass(slots=True)
class NewLine:
    """A row of `transactions` as it is written, without a mapped object's weight.

    `raw` is JSON text.
    """

    id: TransactionId
    account_id: AccountId
    status: str
    amount_minor: int
    currency: str
    booked_on: date
    value_on: date | None
    booked_at: datetime | None
    description: str
    reference: str | None
    end_to_end_id: str | None
    counterparty_name: str | None
    counterparty_iban: str | None
    provider_id: str | None
    internal_id: str | None
    source: str
    raw: str
    fingerprint: bytes
    occurrence: int
    merchant: str | None
    category: str | None
    category_source: str | None
    created_at: datetime
    updated_at: datetime
    transfer_of: TransactionId | None = None
    note: str | None = None
    match_state: str = "unmatched"
    settled_minor: int = 0
    removed_at: datetime | None = None


def new_line(account_id: AccountId, placed: Placed, label: Label, moment: datetime) -> NewLine:
    line = placed.line
    return NewLine(
        id=TransactionId(new_id()),
        account_id=account_id,
        status="booked" if line.booked else "pending",
        amount_minor=line.amount_minor,
        currency=line.currency,
        booked_on=line.booked_on,
        value_on=line.value_on,
        booked_at=line.booked_at,
        description=line.description,
        reference=line.reference,
        end_to_end_id=line.end_to_end_id,
        counterparty_name=line.counterparty_name,
        counterparty_iban=line.counterparty_iban,
        provider_id=line.provider_id,
        internal_id=line.internal_id,
        source=line.source,
        raw=_json(line.raw),
        fingerprint=line.fingerprint,
        occurrence=placed.occurrence,
        merchant=label.merchant,
        category=label.category,
        category_source=label.category_source,
        created_at=moment,
        updated_at=moment,
    )


def _json(raw: Mapping[str, Any]) -> str:
    try:
        return orjson.dumps(raw).decode()
    except orjson.JSONEncodeError:  # an integer of more than 64 bits
        return json.dumps(raw)
