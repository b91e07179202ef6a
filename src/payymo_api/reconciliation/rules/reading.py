"""What a bank line says: its words, its numbers, its dates, however the bank cut and joined them.

Banks break a text anywhere, join fields, drop accents and change case. So every text is read twice
where it came in pieces (glued, and with a space between), folded to plain capitals, and split into
runs of letters and runs of digits; neighbouring runs joined again give every number it may name.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

from payymo_api.invoicing.rules.accounts import ibans
from payymo_api.invoicing.rules.names import name_words
from payymo_api.invoicing.rules.plain import fold
from payymo_api.reconciliation.rules.months import MONTHS
from payymo_api.reconciliation.rules.values import Line

_RUN = re.compile(r"[^\W\d_]+|\d+")
_WORD = re.compile(r"[^\W_]+")
_MOST_RUNS = 80
_LONGEST_KEY = 35
_MOST_JOINED = 8
_WIDEST_GAP = 3
_SHORTEST_KEY = 3
_MONTHS, _DAYS = range(1, 13), range(1, 32)
_CENTURY = "20"
_DATE = re.compile(
    r"(?<!\d)(?:(?P<y>20\d\d)[-./](?P<m>\d\d?)[-./](?P<d>\d\d?)"
    r"|(?P<d2>\d\d?)(?P<gap>[-./])(?P<m2>\d\d?)(?:(?P=gap)(?P<y2>20\d\d|\d\d)|(?<=\.\d\d)\.?))"
    r"(?![\d/])"
)
"""A day without a year needs dots and two digits: 1/3 is an instalment."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Where a number stands in the text: which reading of which text, and from where to where."""

    text: int
    start: int
    end: int
    last: bool
    """Nothing follows in this text: it may have been cut here."""
    date: bool = False
    """It is a day, not a number."""


@dataclass(slots=True)
class Reading:
    """A line, read."""

    line: Line
    keys: dict[str, Stretch] = field(default_factory=dict)
    """Every number that the line may name, with at least one digit."""
    numbers: list[tuple[int, int, str]] = field(default_factory=list)
    """Text, place and digits of each run of digits, in the order of the text."""
    accounts: tuple[str, ...] = ()
    """The counterparty's account, and those that the text names."""
    words: tuple[str, ...] = ()
    payer: tuple[str, ...] = ()
    """The words of the counterparty's name, if the bank gave one."""
    dates: frozenset[tuple[int | None, int, int]] = frozenset()
    """Year (if said), month, day."""
    months: frozenset[int] = frozenset()

    gaps: dict[tuple[int, int], str] = field(default_factory=dict)
    """What stands before a run of digits, blanks left out."""

    def gap_before(self, text: int, start: int) -> str:
        return self.gaps.get((text, start), "")


@lru_cache(maxsize=512)
def read(line: Line) -> Reading:
    """Read a line; what is read of it nobody changes. It is asked for again when it is settled."""
    reading = Reading(line)
    words: dict[str, None] = {}
    accounts = dict.fromkeys([line.counterparty_account] if line.counterparty_account else [])
    dates: set[tuple[int | None, int, int]] = set()
    for place, text in enumerate(_texts(line)):
        folded = fold(text)
        days = [found.span() for found in _DATE.finditer(folded)]
        _numbers(reading, place, folded, days)
        words.update(dict.fromkeys(_WORD.findall(folded)))
        dates.update(_dates(folded))
        accounts.update(dict.fromkeys(ibans(folded)))
    reading.words = tuple(words)
    reading.accounts = tuple(accounts)
    reading.payer = name_words(line.counterparty_name or "")
    reading.dates = frozenset(dates)
    reading.months = frozenset(MONTHS[each] for each in words if each in MONTHS)
    return reading


def _texts(line: Line) -> Iterator[str]:
    seen: set[str] = set()
    for text in (*line.texts, line.end_to_end_id or ""):
        pieces = text.split("\n")
        for way in (" ".join(pieces), "".join(pieces)):
            if way.strip() and way not in seen:
                seen.add(way)
                yield way


def _numbers(reading: Reading, place: int, text: str, days: list[tuple[int, int]]) -> None:
    runs = [(found[0], found.start(), found.end()) for found in _RUN.finditer(text)][:_MOST_RUNS]
    end = len(runs)
    keys = reading.keys
    for first, (run, start, _) in enumerate(runs):
        if run[0].isdigit():
            reading.numbers.append((place, start, run))
            if first:
                reading.gaps[place, start] = text[runs[first - 1][2] : start].strip()
        key, has_digit, before = "", False, start
        for last in range(first, min(first + _MOST_JOINED, end)):
            part, begins, ends = runs[last]
            if begins - before > _WIDEST_GAP:
                break
            key += part
            has_digit = has_digit or part[0].isdigit()
            before = ends
            if len(key) > _LONGEST_KEY:
                break
            if has_digit and len(key) >= _SHORTEST_KEY and key not in keys:
                keys[key] = Stretch(place, start, ends, last == end - 1, _is_day(start, ends, days))


def _is_day(start: int, end: int, days: list[tuple[int, int]]) -> bool:
    return any(begins <= start and end <= ends for begins, ends in days)


def _dates(text: str) -> Iterator[tuple[int | None, int, int]]:
    for found in _DATE.finditer(text):
        year, month, day = (
            found["y"] or found["y2"],
            found["m"] or found["m2"],
            found["d"] or found["d2"],
        )
        if int(month) in _MONTHS and int(day) in _DAYS:
            whole = int(_CENTURY + year[-2:]) if year else None
            yield whole, int(month), int(day)


def says_date(reading: Reading, day: date) -> bool:
    return bool(reading.dates & {(day.year, day.month, day.day), (None, day.month, day.day)})
