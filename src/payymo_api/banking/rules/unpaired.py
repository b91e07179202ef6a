"""Lines that one source has and another has not, on days that both tell.

Nobody guesses who is right: both lines stay, and whoever looks at the run is told.
"""

from collections.abc import Sequence
from datetime import date

from payymo_api.banking.rules.line import FEED, Line, Source
from payymo_api.banking.rules.merge import Merge, Window

Days = tuple[date, date]
"""The first and the last that a source has told."""


def not_told_by(found: Merge, others: Sequence[Days]) -> list[Line]:
    """Return what a file added on days that another source has told."""
    added = (each.line for each in found.added)
    return [line for line in added if line.booked and is_told(line.booked_on, others)]


def is_told(day: date, others: Sequence[Days]) -> bool:
    return any(first <= day <= last for first, last in others)


def not_in_file(found: Merge, lines: Sequence[Line], source: Source) -> list[Line]:
    """Return what another source had told on the file's days and the file does not tell."""
    days = [line.booked_on for line in lines if line.booked]
    if not days:
        return []
    told = (min(days), max(days))
    return [
        kept
        for kept in found.left
        if kept.source != source and kept.booked and is_told(kept.booked_on, [told])
    ]


def left_by_feed(found: Merge, window: Window | None) -> list[Line]:
    """Return what a file had told on days that the feed now tells in full and without it."""
    if window is None:
        return []
    return [
        kept
        for kept in found.left
        if kept.source != FEED and kept.booked and window.holds(kept.booked_on)
    ]
