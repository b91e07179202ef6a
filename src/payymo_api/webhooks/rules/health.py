"""When the owner of a failing endpoint is warned, and when we stop sending to it."""

from datetime import datetime, timedelta
from typing import Final

FAILING_FOR: Final = timedelta(days=5)
"""An endpoint to which every attempt failed for so long is disabled."""

WARNINGS: Final = (50, 70, 90)
"""Percent of FAILING_FOR at which its owner is warned."""

DISABLED: Final = 100
SILENCE: Final = timedelta(days=2)
"""Without an attempt for so long, longer than any wait before a next one, the count starts anew."""


def percent(failing_since: datetime, now: datetime) -> int:
    """Return how much of FAILING_FOR is over: 0 to 100."""
    return max(0, min((now - failing_since) * 100 // FAILING_FOR, DISABLED))


def due(failing_since: datetime, now: datetime, warned_percent: int) -> int | None:
    """Return what is to be done now: a warning's percent, or DISABLED; None: it was done before."""
    passed = percent(failing_since, now)
    latest = max((each for each in (*WARNINGS, DISABLED) if each <= passed), default=0)
    return latest if latest > warned_percent else None


def disables_at(failing_since: datetime) -> datetime:
    """Return from when on the next failure disables the endpoint."""
    return failing_since + FAILING_FOR
