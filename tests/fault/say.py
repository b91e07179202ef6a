"""What the fault suites tell while they run, and the table at their end."""

import time
from collections.abc import Mapping

SUMMARY: list[tuple[str, str]] = []
_BEGAN = time.monotonic()


def say(text: str) -> None:
    print(f"[{time.monotonic() - _BEGAN:6.0f} s] {text}", flush=True)  # noqa: T201  progress


def sum_up(what: str, counts: Mapping[str, object]) -> None:
    """Add a row to the table."""
    told = ", ".join(f"{number} {name}" for name, number in counts.items())
    SUMMARY.append((what, told))
    say(f"{what}: {told}")
