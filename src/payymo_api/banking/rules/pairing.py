"""Which of an account's lines is which of the lines told now: pairs, surest first.

A pass puts both sides into groups by a key and pairs within a group in a fixed order, so the order
in which a bank lists its lines does not matter. Amount and currency stand in every key: a line
never changes them, one that seems to is another line.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice, product
from typing import TypeVar

from payymo_api.banking.rules.line import FEED, Kept, Line

AnyLine = TypeVar("AnyLine", bound=Line)
Key = Callable[[Line], Hashable | None]
Fits = Callable[[Kept, Line], bool]

NEAR = timedelta(days=10)
"""A pending line is booked, and an id moves to another day, at most this far away."""
_COMPARED = 10_000
_TRIED = 200
"""Where crowds meet that have one key, so many are tried for each line: the cost stays linear."""


def _any(kept: Kept, line: Line) -> bool:  # noqa: ARG001  the weakest of all conditions
    return True


@dataclass(frozen=True, slots=True)
class Pass:
    """Pairs lines with an equal key that fit.

    Both are booked or both pending; `books`: the one is, and the other was or seems to be pending.
    `sources`: as `fits`, for what the sources alone decide; the lines told now are all of one.
    `alone`: only where, of what is left, the key is one line's on each side. `alike`: of several,
    those with most words in common; else in an order that rewording changes least.
    """

    key: Key
    fits: Fits = _any
    sources: Fits = _any
    books: bool = False
    alone: bool = False
    alike: bool = False

    def pair(
        self, left: list[Kept], told: list[Line]
    ) -> tuple[list[tuple[Kept, Line]], list[Kept], list[Line]]:
        """Return the pairs and what is left on both sides, in the order it had."""
        lines_by_key = self._groups(told, flip=False)
        told_before = [kept for kept in left if self.sources(kept, told[0])]
        kept_by_key = self._groups(told_before, flip=self.books)
        partner: dict[int, Kept] = {}
        for key, lines in lines_by_key.items():
            candidates = kept_by_key.get(key, [])
            if not (self.alone and max(len(lines), len(candidates)) > 1):
                self._pair_group(candidates, lines, partner)
        taken = {kept.id for kept in partner.values()}
        return (
            [(partner[id(line)], line) for line in told if id(line) in partner],
            [kept for kept in left if kept.id not in taken],
            [line for line in told if id(line) not in partner],
        )

    def _groups(self, lines: Iterable[AnyLine], *, flip: bool) -> dict[Hashable, list[AnyLine]]:
        groups: dict[Hashable, list[AnyLine]] = defaultdict(list)
        for line in lines:
            if (key := self.key(line)) is not None:
                groups[key, line.amount_minor, line.currency, line.booked != flip].append(line)
        return groups

    def _pair_group(
        self, candidates: Sequence[Kept], lines: Sequence[Line], partner: dict[int, Kept]
    ) -> None:
        free, waiting = _by_core(candidates), _by_core(lines)
        if self.alike:
            _pair_alike(free, waiting, partner, self.fits)
        most = _TRIED if len(waiting) > _TRIED else None
        for line in waiting:
            tried = enumerate(islice(free, most))
            at = next((at for at, kept in tried if self.fits(kept, line)), None)
            if at is not None:
                partner[id(line)] = free.pop(at)


def _by_core(lines: Sequence[AnyLine]) -> list[AnyLine]:
    """Put several in an order that rewording changes least."""
    if len(lines) == 1:
        return list(lines)
    return sorted(lines, key=lambda line: (line.core, line.order))


def _pair_alike(
    free: list[Kept], waiting: list[Line], partner: dict[int, Kept], fits: Fits
) -> None:
    """Pair those that have most words in common, and take them out; a vast crowd is left as it
    is."""
    if not 1 < len(free) * len(waiting) <= _COMPARED:
        return
    kept_words = [set(kept.core.split()) for kept in free]
    line_words = [set(line.core.split()) for line in waiting]
    shared = [
        (-len(kept_words[row] & line_words[column]), column, row)
        for row, column in product(range(len(free)), range(len(waiting)))
    ]
    rows, columns = dict(enumerate(free)), dict(enumerate(waiting))
    for common, column, row in sorted(shared):
        if common and row in rows and column in columns and fits(rows[row], columns[column]):
            partner[id(columns.pop(column))] = rows.pop(row)
    free[:], waiting[:] = rows.values(), columns.values()


def _is_not_another(kept: Kept, line: Line) -> bool:
    """Statement files name a line's bank reference reliably: another reference, another line."""
    if FEED in {kept.source, line.source} or not (kept.provider_id and line.provider_id):
        return True
    return kept.provider_id == line.provider_id or kept.source != line.source


def _is_near(kept: Kept, line: Line) -> bool:
    return abs(kept.booked_on - line.booked_on) <= NEAR


def _is_other_source(kept: Kept, line: Line) -> bool:
    """A feed and a file, or files of two formats, tell the same line in their own words."""
    return kept.source != line.source


def _is_reworded(kept: Kept, line: Line) -> bool:
    """The feed tells its window in full: what it left out may be what it now says otherwise."""
    return kept.source == line.source == FEED or _is_other_source(kept, line)


def _is_booking(kept: Kept, line: Line) -> bool:
    """What was pending is booked; or a feed still calls pending what a file told as booked."""
    return _is_near(kept, line) and (line.booked or kept.source != line.source)


def _on_day(line: Line, words: str | None) -> Hashable | None:
    return (line.booked_on, words) if words else None


def _day_if_booked(line: Line) -> Hashable | None:
    return line.booked_on if line.booked else None


def _core_if_pending(line: Line) -> Hashable | None:
    return None if line.booked else line.core


PASSES: Sequence[Pass] = (
    # The same in every word; ids only tell twins apart.
    Pass(lambda line: (line.identity, line.internal_id, line.provider_id)),
    Pass(lambda line: (line.identity, line.internal_id), _is_not_another),
    Pass(lambda line: line.identity, _is_not_another),
    # Told otherwise on the same day: by the feed anew, or by another source.
    Pass(lambda line: _on_day(line, line.end_to_end_id), sources=_is_reworded, alike=True),
    Pass(lambda line: _on_day(line, line.core), sources=_is_reworded),
    # An id that only one line has on each side, near the day: told in quite other words, or moved.
    Pass(lambda line: line.internal_id, _is_near, alone=True),
    Pass(lambda line: _on_day(line, line.counterparty_iban), sources=_is_reworded, alike=True),
    # A feed and a file of the same account: day, amount and occurrence; likeness decides the order.
    Pass(_day_if_booked, sources=_is_other_source, alike=True),
    # A bank's own id may be a place in its list, which shifts: it comes after all that.
    Pass(lambda line: line.provider_id, _is_near, alone=True),
    # What was pending is booked: other ids, another day, often other words.
    Pass(lambda line: line.identity, _is_booking, books=True),
    Pass(lambda line: line.internal_id, _is_booking, books=True, alone=True),
    Pass(lambda line: line.end_to_end_id, _is_booking, books=True, alike=True),
    Pass(lambda line: line.core or None, _is_booking, books=True),
    # Last: pending lines told again for another day, and bookings known by their amount alone.
    Pass(_core_if_pending, _is_near),
    Pass(lambda _: "", _is_booking, books=True, alike=True),
)
