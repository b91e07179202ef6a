"""How fast an account is called: a little faster while all goes well, half as fast after a 429.

Stripe allows about 100 calls a second live and 25 in test mode, less where it finds it fit, and the
account's own systems share in that: nobody can know the right pace, so it is felt for.
"""

from dataclasses import dataclass, replace

FIRST = 20.0
"""Calls a second, before anything is known."""
MOST = 80.0
LEAST = 0.5
_CALM_SECONDS = 1.0
"""Calls that were under way together are refused together: that is one objection."""


@dataclass(frozen=True, slots=True)
class Pace:
    """`rate`: calls a second; `free_at`: from when on the next may go. Moments are seconds."""

    rate: float = FIRST
    free_at: float = 0.0
    braked_at: float = float("-inf")

    def wait(self, moment: float) -> float:
        """Return how many seconds a call that has time should wait."""
        return max(self.free_at - moment, 0.0)

    def spend(self, moment: float) -> "Pace":
        """A call takes the next place, whether it waits for it or not."""
        return replace(self, free_at=max(self.free_at, moment) + 1 / self.rate)

    def speed_up(self) -> "Pace":
        """A call went well: a second full of such makes one more a second."""
        return replace(self, rate=min(self.rate + 1 / self.rate, MOST))

    def brake(self, moment: float) -> "Pace":
        """Stripe objects: half as fast from now on."""
        if moment < self.braked_at + _CALM_SECONDS:
            return self
        return replace(self, rate=max(self.rate / 2, LEAST), braked_at=moment)
