"""What an account's lines become when the bank tells them anew.

`pairing` says which line is which; what is left over was added, or is gone.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from payymo_api.banking.rules.line import FEED, RANKS, Kept, Line
from payymo_api.banking.rules.pairing import PASSES


@dataclass(frozen=True, slots=True)
class Placed:
    """A new line and the occurrence of its fingerprint that it takes."""

    line: Line
    occurrence: int


@dataclass(frozen=True, slots=True)
class Change:
    """`values` are the fields that differ; fingerprint and occurrence as they stand then."""

    kept: Kept
    values: Mapping[str, Any]
    fingerprint: bytes
    occurrence: int


@dataclass(frozen=True, slots=True)
class Merge:
    """`paired`: how many lines of another source turned out to be lines that we have.

    `left`: lines that we have and that were not told now, whatever becomes of them.
    """

    added: Sequence[Placed]
    modified: Sequence[Change]
    removed: Sequence[Kept]
    unchanged: int
    paired: int
    left: Sequence[Kept] = ()


@dataclass(frozen=True, slots=True)
class Window:
    """The days that a feed has told in full: a booked line inside that it left out is gone.

    What is pending it always tells in full.
    """

    first: date
    last: date

    def holds(self, day: date) -> bool:
        return self.first <= day <= self.last


def told_in_full(asked_from: date, asked_to: date, lines: Iterable[Line]) -> Window:
    """Return the days strictly inside what was asked for and what came.

    A bank may cut its history short without a word, and its last day is still going on: the edges
    prove nothing. Without any booked line the window holds no day at all.
    """
    first = min((line.booked_on for line in lines if line.booked), default=asked_to)
    day = timedelta(days=1)
    return Window(max(asked_from, first) + day, asked_to - day)


def merge(existing: Iterable[Kept], incoming: Iterable[Line], window: Window | None) -> Merge:
    """Compare the account's lines with what a feed (or a file: no `window`) tells now."""
    left = sorted(existing, key=lambda kept: (kept.order, kept.occurrence, kept.id))
    told = sorted(incoming, key=lambda line: line.order)
    places = _Places(left)
    pairs: list[tuple[Kept, Line]] = []
    for a_pass in PASSES:
        if not left or not told:
            break
        found, left, told = a_pass.pair(left, told)
        pairs += found
    modified = [change for kept, line in pairs if (change := _change(kept, line, places))]
    return Merge(
        added=[Placed(line, places.take(line.fingerprint)) for line in told],
        modified=modified,
        removed=[kept for kept in left if _is_gone(kept, window)],
        unchanged=len(pairs) - len(modified),
        paired=sum(kept.source != line.source for kept, line in pairs),
        left=left,
    )


def _is_gone(kept: Kept, window: Window | None) -> bool:
    """A feed tells all that is pending; what a statement file says, no feed takes back."""
    if window is None or kept.source != FEED:
        return False
    return not kept.booked or window.holds(kept.booked_on)


_WORDS = (
    "description",
    "reference",
    "end_to_end_id",
    "counterparty_name",
    "counterparty_iban",
    "value_on",
    "booked_at",
    "provider_id",
    "internal_id",
)


def _change(kept: Kept, line: Line, places: "_Places") -> Change | None:
    """Return what to write, or None when the line says nothing new."""
    values = _differences(kept, line)
    if not values:
        return None
    if _fills_only(kept, line):
        return Change(kept, values, kept.identity, kept.occurrence)
    values["raw"] = line.raw
    if line.fingerprint == kept.identity:
        return Change(kept, values, kept.identity, kept.occurrence)
    return Change(kept, values, line.fingerprint, places.take(line.fingerprint))


def _fills_only(kept: Kept, line: Line) -> bool:
    """A lesser source adds what is missing and overrules nothing, unless it brings the booking."""
    return kept.booked == line.booked and RANKS.index(line.source) < RANKS.index(kept.source)


def _differences(kept: Kept, line: Line) -> dict[str, Any]:
    """A booked line never turns pending again; silence about a field takes nothing away, unless a
    booking takes the place of what was pending, whose ids and words may have been another's."""
    if kept.booked and not line.booked:
        return {}
    fills_only, books = _fills_only(kept, line), line.booked and not kept.booked
    values: dict[str, Any] = {"booked": True} if books else {}
    if not fills_only and line.source != kept.source:
        values["source"] = line.source
    if not fills_only and line.booked_on != kept.booked_on:
        values["booked_on"] = line.booked_on
    for name in _WORDS:
        old, new = getattr(kept, name), getattr(line, name)
        if new != old and (books or (new and not (fills_only and old))):
            values[name] = new
    return values


class _Places:
    """Gives out occurrences that no row holds, whatever the order in which rows are written."""

    def __init__(self, existing: Iterable[Kept]) -> None:
        self._used: dict[bytes, set[int]] = defaultdict(set)
        for kept in existing:
            self._used[kept.identity].add(kept.occurrence)

    def take(self, fingerprint: bytes) -> int:
        used = self._used[fingerprint]
        place = len(used) + 1
        while place in used:
            place += 1
        used.add(place)
        return place
