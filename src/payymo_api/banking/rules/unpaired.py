"""Lines that a file has and the feed has not, or the other way round, on days that both tell.

Nobody guesses who is right: both lines stay, and whoever looks at the run is told.
"""

from collections.abc import Sequence
from datetime import date

from payymo_api.banking.rules.line import FEED, Line
from payymo_api.banking.rules.merge import Merge, Window


def not_in_feed(found: Merge, days: tuple[date, date] | None) -> list[Line]:
    """Return what a file added on the days that the feed has told."""
    if days is None:
        return []
    added = (each.line for each in found.added)
    return [line for line in added if line.booked and days[0] <= line.booked_on <= days[1]]


def not_in_file(found: Merge, lines: Sequence[Line]) -> list[Line]:
    """Return what the feed had told on the file's days and the file does not tell."""
    days = [line.booked_on for line in lines if line.booked]
    if not days:
        return []
    return [
        kept
        for kept in found.left
        if kept.source == FEED and kept.booked and min(days) <= kept.booked_on <= max(days)
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
