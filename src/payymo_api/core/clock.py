"""The only place that asks for the time."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

source: Callable[[], datetime] = partial(datetime.now, UTC)
"""Where instants come from; only tests put another one here."""


def now() -> datetime:
    """Return the current instant in UTC."""
    return source()


def rfc3339(moment: datetime) -> str:
    """Return the instant in UTC with `Z` (RFC 3339), to the microsecond where it has any."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
