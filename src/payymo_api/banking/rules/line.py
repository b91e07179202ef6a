"""A line as the merge sees it, and what makes it this line and no other.

No bank's transaction id is trusted (they are missing, shared, reissued and changed on booking), so
identity is content: day, amount, currency and words. Two lines of the same content are two lines:
an occurrence number tells them apart.
"""

import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, Literal

from typing_extensions import override

from payymo_api.banking.lines import BankTransaction
from payymo_api.core.types import TransactionId

Source = Literal["feed", "camt", "mt940", "ofx", "csv"]
FEED: Source = "feed"
RANKS: Sequence[Source] = ("feed", "csv", "ofx", "mt940", "camt")
"""Whose words stand where several sources tell a line, whichever came first: the last of these. A
statement is the bank's final word, and what it says no feed takes back."""


@dataclass(frozen=True)
class Line:
    """What the bank says of a line."""

    booked: bool
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
    source: Source
    raw: Mapping[str, Any] = field(repr=False, compare=False, default_factory=dict)

    @cached_property
    def fingerprint(self) -> bytes:
        """Identity within the account: 16 bytes over day, money and words, whatever their case."""
        words = (
            self.description,
            self.reference,
            self.end_to_end_id,
            self.counterparty_name,
            self.counterparty_iban,
        )
        money = f"{self.booked_on.isoformat()}\x1f{self.amount_minor}\x1f{self.currency}"
        text = b"\x1f".join([money.encode(), *map(_plain, words)])
        return hashlib.blake2b(text, digest_size=16).digest()

    @cached_property
    def core(self) -> str:
        """The words without numbers and dates, which banks add and take away when they reissue."""
        found = re.findall(r"[^\W\d_]{2,}", folded(self.description))
        return " ".join(sorted(found))

    @cached_property
    def order(self) -> tuple[str | int, ...]:
        """Places incoming lines the same way, however the bank happens to list them."""
        told = (self.internal_id, self.provider_id, self.end_to_end_id, self.counterparty_name)
        more = (self.counterparty_iban, self.reference, str(self.value_on), str(self.booked_at))
        money = (self.booked_on.isoformat(), self.amount_minor, self.currency, int(self.booked))
        return (*money, self.description, *(word or "" for word in (*told, *more)))

    @property
    def identity(self) -> bytes:
        return self.fingerprint


@dataclass(frozen=True)
class Kept(Line):
    """A line that we have: its row, and the place among its like that it holds.

    `source` is the best that has told it. `identity` is the fingerprint of what that one told last;
    what a lesser one filled in does not change it, so that the source's next telling is recognised.
    """

    id: TransactionId = field(kw_only=True)
    occurrence: int = field(kw_only=True)
    kept_fingerprint: bytes = field(kw_only=True)

    @property
    @override
    def identity(self) -> bytes:
        return self.kept_fingerprint


def folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


_UPPER = bytes(range(ord("A"), ord("Z") + 1))
_LOWERED = bytes.maketrans(_UPPER, _UPPER.lower())
_NO_LETTERS = bytes(code for code in range(128) if not chr(code).isalnum())


def _plain(text: str | None) -> bytes:
    """Letters and digits only, folded: spacing and punctuation are the bank's whim."""
    if not text:
        return b""
    if text.isascii():  # what folding does there, forty times as fast
        return text.encode().translate(_LOWERED, _NO_LETTERS)
    return re.sub(r"[\W_]+", "", folded(text)).encode("utf-8", "replace")


def read(told: BankTransaction, source: Source, today: date) -> Line | None:
    """Return the line, or None when no day at all is known: such a one waits until it has one.

    Some banks date a pending line with the last day on which it may be booked: never after today.
    Some feeds list as booked what is due later: it is pending until its day (a bank in the east may
    be a day ahead of us).
    """
    day = told.booked_on or told.value_on or (told.booked_at.date() if told.booked_at else None)
    if day is None:
        return None
    is_to_come = source == FEED and told.booked and day > today + timedelta(days=1)
    return Line(
        booked=told.booked and not is_to_come,
        amount_minor=told.amount.minor,
        currency=told.amount.currency,
        booked_on=day if told.booked else min(day, today),
        value_on=told.value_on,
        booked_at=told.booked_at,
        description=told.description,
        reference=told.reference,
        end_to_end_id=told.end_to_end_id,
        counterparty_name=told.counterparty_name,
        counterparty_iban=told.counterparty_iban,
        provider_id=told.provider_id,
        internal_id=told.internal_id,
        source=source,
        raw=told.raw,
    )
