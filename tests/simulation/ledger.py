"""The truth: what is on a bank's accounts, and how the bank tells it, quirks and all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from payymo_api.banking.lines import BankTransaction
from payymo_api.core.money import Money

DAY = timedelta(days=1)
CURRENCY = "GBP"
_PAYERS = (
    ("Harbour Foods Ltd", "GB33BUKB20201555555555"),
    ("Mill Lane Bakery", "DE89370400440532013000"),
    ("J. Fenwick", None),
)
_HISTORY = (9, 1)  # days before the start
_TEXTS = ("Card payment", "Monthly fee", "Thank you", "Standing order rent")
AMOUNTS = (1000, 2500, 4200, 9999)


@dataclass(frozen=True, slots=True)
class TrueLine:
    """A line of an account: pending from `seen_at` on, booked from `booked_at` on.

    `deadline`: pending, it is dated with the last day on which it may be booked; `late`: it is
    booked for a day before it was seen; `reworded_at`: from then on the bank adds to its words.
    """

    number: int
    minor: int
    text: str
    payer: tuple[str, str | None]
    seen_at: datetime
    booked_at: datetime
    late: timedelta
    gone_at: datetime | None
    reworded_at: datetime | None
    deadline: bool
    has_ids: bool

    def is_there(self, at: datetime) -> bool:
        return self.seen_at <= at and not (self.gone_at and self.gone_at <= at)

    def is_booked(self, at: datetime) -> bool:
        return self.booked_at <= at

    @property
    def booked_on(self) -> date:
        return (self.booked_at - self.late).date()

    def words(self, at: datetime) -> str:
        if not self.is_booked(at):
            return f"{self.text} pending"
        is_reworded = self.reworded_at and self.reworded_at <= at
        return f"{self.text} {self.booked_on:%d/%m} 0{self.number}" if is_reworded else self.text

    def told(self, at: datetime, consent: int) -> BankTransaction:
        """Ids are another consent's, or another state's, with every change of it."""
        booked = self.is_booked(at)
        id = f"{consent}-{'b' if booked else 'p'}{self.number}" if self.has_ids else None
        day = self.booked_on if booked else self.seen_at.date()
        name, iban = self.payer
        return BankTransaction(
            booked=booked,
            amount=Money(self.minor, CURRENCY),
            booked_on=day + 3 * DAY if self.deadline and not booked else day,
            value_on=day if booked else None,
            booked_at=None,
            description=self.words(at),
            reference=None,
            end_to_end_id=None,
            counterparty_name=name,
            counterparty_iban=iban,
            provider_id=id,
            internal_id=id and f"internal-{id}",
            raw={"number": self.number},
        )


class Ledger:
    """An account's lines: some before `start`, more in the days after it."""

    def __init__(self, chance: Random, start: datetime, days: int, numbers: Sequence[str]) -> None:
        self._chance = chance
        self._numbers = numbers
        self.lines = [self._settled(n, start - ago * DAY) for n, ago in enumerate(_HISTORY)]
        for _ in range(chance.randint(1, 4)):
            self._add(start + chance.uniform(0, days) * DAY)

    def told(self, at: datetime, first: date, last: date, consent: int) -> list[BankTransaction]:
        """Return what the bank tells of these days: pending lines always, in whatever order."""
        found = [
            line.told(at, consent)
            for line in self.lines
            if line.is_there(at) and (not line.is_booked(at) or first <= line.booked_on <= last)
        ]
        self._chance.shuffle(found)
        return found

    def truth(self, at: datetime) -> list[tuple[str, int, date | None, str]]:
        """Return status, amount, day (of a booked line) and words, sorted."""
        return sorted(
            ("booked", line.minor, line.booked_on, line.words(at))
            if line.is_booked(at)
            else ("pending", line.minor, None, line.words(at))
            for line in self.lines
            if line.is_there(at)
        )

    def _settled(self, number: int, at: datetime) -> TrueLine:
        """History: booked long ago and never touched, so that what comes later has a frame."""
        return TrueLine(
            number, self._minor(), self._text(), _PAYERS[0], at, at, 0 * DAY, None, None,
            deadline=False, has_ids=True,
        )  # fmt: skip

    def _add(self, seen_at: datetime) -> None:
        """One line, or twins that differ in nothing but that they are two."""
        chance = self._chance
        waits = chance.choice([0.0, 0.0, 0.3, 1.5]) * DAY
        booked_at = seen_at + waits
        late = chance.choice([0, 0, 0, 1, 3]) * DAY if not waits else 0 * DAY
        goes = not late and chance.random() < (0.3 if waits else 0.1)
        is_twin = chance.random() < 0.25
        line = TrueLine(
            number=len(self.lines),
            minor=self._minor(),
            text=self._text(),
            payer=chance.choice(_PAYERS),
            seen_at=seen_at,
            booked_at=booked_at,
            late=late,
            gone_at=seen_at + chance.uniform(0.2, 2.0) * DAY if goes else None,
            reworded_at=booked_at + 1.1 * DAY if chance.random() < 0.2 else None,
            deadline=chance.random() < 0.3,
            has_ids=chance.random() < 0.7,
        )
        self.lines.append(line)
        if is_twin:
            twin = {name: getattr(line, name) for name in TrueLine.__slots__}
            self.lines.append(TrueLine(**twin | {"number": len(self.lines)}))

    def _minor(self) -> int:
        return self._chance.choice(AMOUNTS) * self._chance.choice([1, 1, 1, -1])

    def _text(self) -> str:
        chance = self._chance
        return chance.choice(self._numbers) if chance.random() < 0.6 else chance.choice(_TEXTS)
