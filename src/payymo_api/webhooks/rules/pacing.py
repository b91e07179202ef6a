"""How fast an endpoint is served: how many posts at once, and how many a second."""

import sys

FIRST = 2
"""Posts at once to an endpoint of which nothing is known yet."""


class Window:
    """How many posts may be under way at once.

    It opens by one with each post that is answered well, so it doubles in every round (the slow
    start of RFC 5681), halves with one that is not, and closes to a single one when no answer
    comes: an endpoint that hangs holds few of the slots that all endpoints share.
    """

    def __init__(self, most: int, *, is_failing: bool) -> None:
        self.most = most
        self.size = 1 if is_failing else min(FIRST, most)
        self.is_failing = is_failing

    def delivered(self) -> None:
        self.is_failing = False
        self.size = min(self.size + 1, self.most)

    def failed(self, *, answered: bool) -> None:
        self.is_failing = True
        self.size = max(self.size // 2, 1) if answered else 1


class Pace:
    """At most so many a second, evenly: no burst that a new worker could begin anew."""

    def __init__(self, per_second: int | None) -> None:
        self._interval = 1 / per_second if per_second else 0.0
        self._free_at = 0.0

    def wait(self, now: float) -> float:
        """Return the seconds until the next may go."""
        return max(self._free_at - now, 0.0)

    def within(self, seconds: float) -> int:
        """Return how many may go in that time: one at least, and any number without a limit."""
        return max(int(seconds / self._interval), 1) if self._interval else sys.maxsize

    def went(self, now: float) -> None:
        self._free_at = max(self._free_at, now) + self._interval
