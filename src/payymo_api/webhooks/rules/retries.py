"""When an event is sent again, and what an answer means."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum

DELAYS = (
    timedelta(seconds=10),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=4),
    timedelta(hours=8),
    timedelta(hours=12),
    timedelta(hours=16),
    timedelta(hours=18),
    timedelta(hours=18),
)
"""Between the end of one attempt and the next: 12 attempts over at least 78 h 36 min."""

ATTEMPTS = len(DELAYS) + 1
LONGEST_RETRY_AFTER = timedelta(hours=24)
_JITTER = 0.1  # of the delay, added only


class Outcome(StrEnum):
    DELIVERED = "delivered"
    FAILED = "failed"
    GONE = "gone"


def outcome(status: int) -> Outcome:
    """2xx is delivered; 410 asks us to stop; all else failed, redirects too (never followed)."""
    if 200 <= status <= 299:  # noqa: PLR2004  the success class of HTTP
        return Outcome.DELIVERED
    return Outcome.GONE if status == 410 else Outcome.FAILED  # noqa: PLR2004  Gone


class Control(StrEnum):
    """What a receiver may ask for in the header `webhook-delivery`, with any status."""

    DISABLE = "disable"
    ABORT = "abort-message"


def control(header: str | None) -> Control | None:
    """Read the header; what we don't know asks for nothing."""
    asked = (header or "").strip().lower()
    return next((each for each in Control if each == asked), None) if asked else None


def next_attempt(
    attempt: int,
    ended_at: datetime,
    retry_after: str | None,
    jitter: float,
    schedule: Sequence[timedelta] = DELAYS,
) -> datetime | None:
    """Return when to try again after the `attempt`-th failed (the first is 1); None: never.

    `retry_after` is the header as received; it lengthens the wait, by 24 h at most, and never
    shortens it. `jitter` in [0, 1) spreads attempts that failed together.
    """
    if attempt > len(schedule):
        return None
    wait = max(schedule[attempt - 1], _asked_for(retry_after, ended_at))
    return ended_at + wait * (1 + _JITTER * jitter)


def _asked_for(retry_after: str | None, ended_at: datetime) -> timedelta:
    """Read Retry-After (RFC 9110, 10.2.3): seconds or a date; what can't be read asks nothing."""
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=int(text[:9])), LONGEST_RETRY_AFTER)
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return timedelta(0)
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return min(max(date - ended_at, timedelta(0)), LONGEST_RETRY_AFTER)
