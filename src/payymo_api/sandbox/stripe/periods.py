"""Billing periods: where one that starts here ends, and what share of it is left."""

from calendar import monthrange
from datetime import UTC, datetime, timedelta
from itertools import count

from payymo_api.sandbox.stripe.refusals import Wire

_DAYS = {"day": 1, "week": 7}
_MONTHS = {"month": 1, "year": 12}


def period_end(anchor: int, start: int, recurring: Wire) -> int:
    """The first multiple of the interval after `start`, counted from `anchor`."""
    ends = (_moved(anchor, recurring, times) for times in count(1))
    return next(end for end in ends if end > start)


def _moved(anchor: int, recurring: Wire, times: int) -> int:
    """A month later than 31 January is the last of February; two months later, 31 March."""
    moment = datetime.fromtimestamp(anchor, UTC)
    number = times * recurring["interval_count"]
    if recurring["interval"] in _DAYS:
        return int((moment + timedelta(days=number * _DAYS[recurring["interval"]])).timestamp())
    months = moment.month - 1 + number * _MONTHS[recurring["interval"]]
    year, month = moment.year + months // 12, months % 12 + 1
    day = min(moment.day, monthrange(year, month)[1])
    return int(moment.replace(year=year, month=month, day=day).timestamp())


def share_left(amount: int, now: int, start: int, end: int) -> int:
    """The part of `amount` that the rest of the period is worth, rounded to the nearest unit."""
    length, left = end - start, max(0, end - now)
    return (2 * amount * left + length) // (2 * length)
