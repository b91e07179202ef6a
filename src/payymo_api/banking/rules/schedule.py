"""When an account is read: the provider's few calls a day are spread over it."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from payymo_api.banking.rules.allowance import DAY, RESERVE, USUAL_LIMIT, Budget

OVERLAP = timedelta(days=14)
"""Booked lines are told again this far back: banks add, reword and take back late."""
LATE = timedelta(minutes=10)
"""An account that is overdue by more was missed while we were down."""
NOTICES = (14, 7, 1)
"""Days before a consent ends, at which its tenant is told."""
_LEAST_PAUSE = timedelta(hours=6)
_RETRIES_A_PAUSE = 48
_START = datetime(2020, 1, 1, tzinfo=UTC)


def pause(calls_limit: int) -> timedelta:
    """Return the time between two scheduled readings; the reserve is not planned."""
    return max(DAY / max(calls_limit - RESERVE, 1), _LEAST_PAUSE)


def next_reading(moment: datetime, account_id: UUID, budget: Budget) -> datetime:
    """Return the account's next slot: same times every day, each account at its own.

    At least half a pause from now; later when only the reserve is left by then.
    """
    between = pause(budget.limit)
    place = timedelta(seconds=account_id.int % int(between.total_seconds()))
    passed = (moment - _START - place) // between
    slot = _START + place + (passed + 1) * between
    if slot - moment < between / 2:
        slot += between
    return budget.opens_at(slot, RESERVE)


def next_try(moment: datetime, account_id: UUID, budget: Budget) -> datetime:
    """Return the account's first slot after a day, to see whether the bank lets us in again."""
    return next_reading(moment + DAY - pause(budget.limit) / 2, account_id, budget)


def after_reset(resets_at: datetime, account_id: UUID) -> datetime:
    """A little after the provider counts anew, not all accounts in the same second."""
    return resets_at + timedelta(seconds=5 + account_id.int % 300)


def made_up(moment: datetime, late: timedelta, account_id: UUID) -> datetime:
    """When to make up for a missed reading: all of them within as long as we were down, or a
    pause, so that they come no faster than twice the usual."""
    span = min(late, pause(USUAL_LIMIT))
    return moment + timedelta(seconds=account_id.int % max(int(span.total_seconds()), 1))


def retry_seconds(calls_limit: int) -> int:
    """How long to wait after a call that failed at the bank: it may have cost one of the few."""
    return int(DAY.total_seconds() / max(calls_limit - RESERVE, 1) / _RETRIES_A_PAUSE)


def notice_due(expires_at: datetime, given: int | None, moment: datetime) -> int | None:
    """Return which of NOTICES to give now; `given` is the last one.

    One that was missed while we were down is not sent late beside a later one.
    """
    passed = [days for days in NOTICES if expires_at - timedelta(days=days) <= moment]
    latest = min(passed, default=None)
    return latest if latest and (given is None or latest < given) else None


def window(last_booked_on: date | None, history_days: int, today: date) -> tuple[date, date]:
    """Return the days to ask for: all history the first time, then from the last line, less
    OVERLAP."""
    oldest = today - timedelta(days=history_days)
    if last_booked_on is None:
        return oldest, today
    return max(min(last_booked_on, today) - OVERLAP, oldest), today
