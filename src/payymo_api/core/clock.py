"""The only place that asks for the time."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the current instant in UTC."""
    return datetime.now(UTC)


def rfc3339(moment: datetime) -> str:
    """Return the instant in UTC with `Z` (RFC 3339), to the microsecond where it has any."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
