"""Which endpoint gets which event."""

from collections.abc import Collection

EVERY = "*"
"""Subscribes to every event type, those of later versions too."""
SUMMARIES = {"transactions.imported", "transactions.categorised"}
_ALL_OF = ".*"


def covers(pattern: str, name: str) -> bool:
    """`transaction.*` is all that starts with `transaction.`, later versions' types too."""
    if pattern.endswith(_ALL_OF):
        return name.startswith(pattern[:-1])
    return pattern in (EVERY, name)


def wants(event_types: Collection[str], name: str, *, each_line: bool, is_line: bool) -> bool:
    """Tell whether an endpoint gets an event.

    `is_line` marks a line of a first sync, an import or a walk over the past: a flood, so it goes
    only to endpoints that asked for `each_line`; the others get the summary in its place. Nobody
    gets both.
    """
    if is_line and not each_line:
        return False
    if name in SUMMARIES and each_line:
        return False
    return covered(event_types, name)


def covered(event_types: Collection[str], name: str) -> bool:
    return any(covers(pattern, name) for pattern in event_types)
