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
from payymo_api.invoicing.rules.plain import WORD, compact, fold
from payymo_api.reconciliation.rules.months import MONTHS
from payymo_api.reconciliation.rules.values import Line

_RUN = re.compile(r"[^\W\d_]+|\d+")
_MOST_RUNS = 80
_LONGEST_KEY = 35
_MOST_JOINED = 8
_WIDEST_GAP = 3
_SHORTEST_KEY = 3
_LONGEST_PART_OF_DAY = 4
_MONTHS, _DAYS = range(1, 13), range(1, 32)
_CENTURY = "20"
_DATE = re.compile(
    r"(?<!\d)(?:(?P<y>20\d\d)[-./](?P<m>\d\d?)[-./](?P<d>\d\d?)"
    r"|(?P<d2>\d\d?)(?P<gap>[-./])(?P<m2>\d\d?)(?:(?P=gap)(?P<y2>20\d\d|\d\d)|(?<=\.\d\d)\.?|(?<=\.\d)\.))"
    r"(?![\d/])"
)
"""A day without a year needs dots: 1/3 is an instalment."""
_UNTIL = frozenset("BIS TO TIL TILL TOT AL AU DO ATE FINO".split())
"""Between two numbers of a list: all from the one to the other."""
_LISTED = re.compile(r"\d[-./]")


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
    """Every number that the line may name, with at least one digit, and where it stands first;
    rather where it is no day, and never as a mere part of one."""
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
    accounts = dict.fromkeys(filter(None, [compact(line.counterparty_account or "")]))
    dates: set[tuple[int | None, int, int]] = set()
    for place, text in enumerate(_texts(line)):
        folded = fold(text)
        named, days = [*ibans(folded)], [*_days(folded)]
        runs = _runs(folded, [(start, end) for _, start, end in named])
        _numbers(reading, place, folded, runs, [found.span() for found in days])
        words.update(dict.fromkeys((*WORD.findall(folded), *name_words(text))))
        dates.update(map(_date, days))
        accounts.update((iban, None) for iban, _, _ in named)
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


def _runs(text: str, accounts: list[tuple[int, int]]) -> list[tuple[str, int, int]]:
    """Return the runs of letters and of digits with their places; those of an account aside."""
    return [
        (found[0], *found.span())
        for found in _RUN.finditer(text)
        if not _is_within(*found.span(), accounts)
    ][:_MOST_RUNS]


def _numbers(
    reading: Reading,
    place: int,
    text: str,
    runs: list[tuple[str, int, int]],
    days: list[tuple[int, int]],
) -> None:
    end, keys = len(runs), reading.keys
    for first, (run, start, stop) in enumerate(runs):
        if run[0].isdigit() and not _is_within(start, stop, days):
            reading.numbers.append((place, start, run))
            if first:
                word, _, ends = runs[first - 1]
                reading.gaps[place, start] = "-" if word in _UNTIL else text[ends:start].strip()
        for key, last in _joined(runs, first):
            if key not in keys or keys[key].date:
                ends = runs[last][2]
                is_day = _is_within(start, ends, days)
                if not is_day or len(key) > _LONGEST_PART_OF_DAY:
                    keys[key] = Stretch(place, start, ends, last == end - 1, is_day)


def _joined(runs: list[tuple[str, int, int]], first: int) -> Iterator[tuple[str, int]]:
    """Join a run with its neighbours, as long as they stand close; with the last one's place."""
    key, has_digit, before = "", False, runs[first][1]
    for last in range(first, min(first + _MOST_JOINED, len(runs))):
        part, begins, ends = runs[last]
        key += part
        if begins - before > _WIDEST_GAP or len(key) > _LONGEST_KEY:
            return
        has_digit = has_digit or part[0].isdigit()
        before = ends
        if has_digit and len(key) >= _SHORTEST_KEY:
            yield key, last


def _is_within(start: int, end: int, spans: list[tuple[int, int]]) -> bool:
    return bool(spans) and any(begins <= start and end <= ends for begins, ends in spans)


def _days(text: str) -> Iterator[re.Match[str]]:
    """Find days of a calendar; a further number of a list (4711/12/11) is none."""
    end = 0
    for found in _DATE.finditer(text):
        start = found.start()
        listed = start - 1 != end and _LISTED.search(text, max(0, start - 2), start)
        _, month, day = _date(found)
        if not listed and month in _MONTHS and day in _DAYS:
            end = found.end()
            yield found


def _date(found: re.Match[str]) -> tuple[int | None, int, int]:
    year = found["y"] or found["y2"]
    month, day = found["m"] or found["m2"], found["d"] or found["d2"]
    return int(_CENTURY + year[-2:]) if year else None, int(month), int(day)


def says_date(reading: Reading, day: date) -> bool:
    return bool(reading.dates & {(day.year, day.month, day.day), (None, day.month, day.day)})
