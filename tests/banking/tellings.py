"""A bank that tells an account's payments in its own ways: for tests of the merge.

A `Bank` has one way with ids and words; its payments are booked once each and never change their
money. What it tells at a time, under a consent, for a window, is a list of lines; so is a file.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random
from typing import Any, Literal, get_args

from payymo_api.banking.rules.line import Kept, Line, Source
from payymo_api.banking.rules.merge import Merge, Window, merge, told_in_full
from payymo_api.core.types import TransactionId, new_id

InternalIds = Literal["none", "stable", "by consent", "by call"]
ProviderIds = Literal["none", "stable", "shared", "by consent", "changes on booking", "positional"]
PendingWays = Literal["as booked", "other words", "no sign", "dated ahead"]
StepKind = Literal["sync", "reauthorize", "camt", "mt940"]
START = date(2026, 3, 1)
END = 40
"""By this day all is booked."""


@dataclass(frozen=True)
class Payment:
    """`booked` and `seen` are days since START; `pending` is how long before it is told of."""

    minor: int
    words: str
    booked: int
    pending: int | None
    late: int
    e2e: str | None = None
    iban: str | None = None

    @property
    def seen(self) -> int:
        """The day from which it is told as booked: some banks book into the past."""
        return self.booked + self.late


@dataclass(frozen=True)
class Bank:
    """`internal`, `provider`: how the ids come that a line bears. `pending`: what is odd about
    its pending lines: their words, their sign, their date (the last day they may be booked)."""

    payments: Sequence[Payment]
    internal: InternalIds
    provider: ProviderIds
    pending: PendingWays
    rewords: bool

    def feed(self, today: int, first: int, consent: int, call: int) -> list[Line]:
        told = []
        for place, payment in enumerate(self.payments):
            line = self._line(place, payment, today, consent, call)
            if payment.seen <= today:
                told += [line] if payment.booked >= first else []
            elif payment.pending is not None and payment.booked - payment.pending <= today:
                told.append(self._pending(place, payment, line, today))
        return told

    def file(self, source: Source, today: int, first: int, last: int) -> list[Line]:
        """A statement of whole days: what is booked by now."""
        return [
            told(
                payment.minor,
                payment.booked,
                f"{source} says {payment.words}",
                source=source,
                end_to_end_id=payment.e2e,
                counterparty_iban=payment.iban,
                provider_id=f"{source}-{place}" if self.provider == "stable" else None,
            )
            for place, payment in enumerate(self.payments)
            if first <= payment.booked <= last and payment.seen <= today
        ]

    def _line(self, place: int, payment: Payment, today: int, consent: int, call: int) -> Line:
        words = payment.words
        if self.rewords and today < payment.seen + 3:
            words = f"12.03 {words}"
        return told(
            payment.minor,
            payment.booked,
            words,
            end_to_end_id=payment.e2e,
            counterparty_iban=payment.iban,
            provider_id=self._provider_id(place, payment, today, consent),
            internal_id=self._internal_id(place, consent, call),
        )

    def _pending(self, place: int, payment: Payment, line: Line, today: int) -> Line:
        is_ahead = self.pending == "dated ahead"
        day = payment.booked + (5 if is_ahead else -(payment.pending or 0))
        changes = self.provider == "changes on booking"
        other = self.pending == "other words"
        return replace(
            line,
            booked=False,
            amount_minor=abs(payment.minor) if self.pending == "no sign" else payment.minor,
            description="CARD 4417" if other else line.description,
            booked_on=min(START + timedelta(day), START + timedelta(today)),
            provider_id=f"p{place}" if changes else line.provider_id,
            internal_id=None,
        )

    def _internal_id(self, place: int, consent: int, call: int) -> str | None:
        ids = {"stable": f"i{place}", "by consent": f"i{consent}.{place}"}
        return f"i{call}.{place}" if self.internal == "by call" else ids.get(self.internal)

    def _provider_id(self, place: int, payment: Payment, today: int, consent: int) -> str | None:
        """A positional id is the place among the day's lines that are told by now."""
        before = [each for each in self.payments[:place] if each.seen <= today]
        position = sum(each.booked == payment.booked for each in before)
        ids = {
            "shared": "0000123",
            "by consent": f"t{consent}.{place}",
            "positional": f"{payment.booked}.{position}",
            "none": None,
        }
        return ids.get(self.provider, f"t{place}")


def told(minor: int, day: int, words: str, *, source: Source = "feed", **said: str | None) -> Line:
    names = "reference end_to_end_id counterparty_name counterparty_iban provider_id internal_id"
    silent: dict[str, Any] = dict.fromkeys(names.split())
    return Line(
        booked=True,
        amount_minor=minor,
        currency="EUR",
        booked_on=START + timedelta(day),
        value_on=None,
        booked_at=None,
        description=words,
        source=source,
        **(silent | said),
    )


def a_payment(chance: Random) -> Payment:
    return Payment(
        minor=chance.choice([-1000, -250, 990]),
        words=chance.choice(["COFFEE", "INV 7 ACME", "RENT MARCH", "EXAMPLE STORE"]),
        booked=chance.randint(0, chance.choice([3, 10, 30])),
        pending=chance.choice([None, None, 1, 3]),
        late=chance.choice([0, 0, 0, 1, 3]),
        e2e=chance.choice([None, None, "E1", "E2"]),
        iban=chance.choice([None, None, "DE1", "DE2"]),
    )


def a_bank(chance: Random) -> Bank:
    return Bank(
        payments=[a_payment(chance) for _ in range(chance.randint(1, 10))],
        internal=chance.choice(get_args(InternalIds)),
        provider=chance.choice(get_args(ProviderIds)),
        pending=chance.choice(get_args(PendingWays)),
        rewords=chance.choice([True, False]),
    )


@dataclass(frozen=True)
class Step:
    """`days` later: a reading of so many days `back`, a new consent, or a file of `back` days."""

    kind: StepKind
    days: int
    back: int


def a_plan(chance: Random) -> list[Step]:
    kinds: list[StepKind] = ["sync", "sync", "sync", "reauthorize", "camt", "mt940"]
    return [
        Step(chance.choice(kinds), chance.randint(0, 6), chance.randint(0, 40))
        for _ in range(chance.randint(0, 8))
    ]


class Ledger:
    """What the tables hold, read and written as the service does."""

    def __init__(self) -> None:
        self.rows: list[Kept] = []

    def take(self, lines: Sequence[Line], first: date, last: date, window: Window | None) -> None:
        near = [row for row in self.rows if first <= row.booked_on <= last or not row.booked]
        found = merge(near, lines, window)
        self.rows = applied(self.rows, found)
        places = Counter((row.kept_fingerprint, row.occurrence) for row in self.rows)
        assert not places or max(places.values()) == 1

    def read_feed(self, lines: Sequence[Line], first: int, today: int) -> None:
        asked, until = START + timedelta(first), START + timedelta(today)
        days = [line.booked_on for line in lines]
        window = told_in_full(asked, until, lines)
        self.take(lines, min([asked, *days]), max([until, *days]), window)

    def read_file(self, lines: Sequence[Line]) -> None:
        if lines:
            days = [line.booked_on for line in lines]
            self.take(lines, min(days), max(days), None)

    def money(self) -> Counter[tuple[bool, int, date]]:
        return Counter((row.booked, row.amount_minor, row.booked_on) for row in self.rows)

    def words(self) -> Counter[tuple[int, date, str]]:
        return Counter((row.amount_minor, row.booked_on, row.description) for row in self.rows)


def applied(kept: Iterable[Kept], found: Merge) -> list[Kept]:
    """What the tables hold after the merge was written."""
    rows = {each.id: each for each in kept}
    for gone in found.removed:
        del rows[gone.id]
    for change in found.modified:
        row = replace(rows[change.kept.id], **change.values)
        rows[row.id] = replace(
            row, kept_fingerprint=change.fingerprint, occurrence=change.occurrence
        )
    made = [_kept(each.line, each.occurrence) for each in found.added]
    return [*rows.values(), *made]


def _kept(line: Line, occurrence: int) -> Kept:
    values = {name: getattr(line, name) for name in Line.__dataclass_fields__}
    return Kept(
        **values,
        id=TransactionId(new_id()),
        occurrence=occurrence,
        kept_fingerprint=line.fingerprint,
    )
