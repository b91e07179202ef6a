"""When an account is read: the provider's few calls a day are a budget, spread over the day."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

RESERVE = 1
"""Calls of a day that are kept for a user's refresh."""
OVERLAP = timedelta(days=14)
"""Booked lines are told again this far back: banks add, reword and take back late."""
USUAL_CALLS = 4
"""What GoCardless grants per account, part and 24 h since March 2025, where no header says so."""
_LEAST_PAUSE = timedelta(hours=6)
_DAY = timedelta(days=1)
_START = datetime(2020, 1, 1, tzinfo=UTC)


def pause(calls_limit: int | None) -> timedelta:
    """Return the time between two scheduled readings; the reserve is not planned."""
    planned = max((calls_limit or USUAL_CALLS) - RESERVE, 1)
    return max(_DAY / planned, _LEAST_PAUSE)


def next_reading(
    moment: datetime,
    account_id: UUID,
    *,
    calls_limit: int | None = None,
    calls_left: int | None = None,
    resets_at: datetime | None = None,
) -> datetime:
    """Return the account's next slot: same times every day, each account at its own.

    At least half a pause from now; after the reset when only the reserve is left.
    """
    between = pause(calls_limit)
    place = timedelta(seconds=account_id.int % int(between.total_seconds()))
    passed = (moment - _START - place) // between
    slot = _START + place + (passed + 1) * between
    if slot - moment < between / 2:
        slot += between
    if calls_left is not None and calls_left <= RESERVE and resets_at:
        slot = max(slot, after_reset(resets_at, account_id))
    return slot


def after_reset(resets_at: datetime, account_id: UUID) -> datetime:
    """A little after the provider counts anew, not all accounts in the same second."""
    return resets_at + timedelta(seconds=5 + account_id.int % 300)


def window(last_booked_on: date | None, history_days: int, today: date) -> tuple[date, date]:
    """Return the days to ask for: all history the first time, then from the last line, less
    OVERLAP."""
    oldest = today - timedelta(days=history_days)
    if last_booked_on is None:
        return oldest, today
    return max(min(last_booked_on, today) - OVERLAP, oldest), today
