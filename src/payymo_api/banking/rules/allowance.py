"""A bank's few calls: so many per account and part (transactions, balances), in any 24 hours.

A call is counted before it is made, so that no crash can overspend. A failed one counts too, for
some banks count those; the bank's next answer puts the count right.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

USUAL_LIMIT = 4
"""What GoCardless grants per account, part and 24 h since March 2025, where no header says so."""
RESERVE = 1
"""Calls that are kept for a user's refresh."""
DAY = timedelta(hours=24)
SLACK = timedelta(minutes=10)
"""A planned reading may borrow from the reserve for so long, until the one a day before no longer
counts; else every day's readings would be a little later than the day before's."""
_WINDOW = DAY + timedelta(minutes=1)  # the bank's clock stamps a call later than ours


@dataclass(frozen=True, slots=True)
class Budget:
    """The calls made lately, oldest first, and how many the bank allows in any 24 hours."""

    limit: int
    made_at: tuple[datetime, ...]

    def counted(self, moment: datetime) -> tuple[datetime, ...]:
        return tuple(each for each in self.made_at if each > moment - _WINDOW)

    def left(self, moment: datetime) -> int:
        return max(self.limit - len(self.counted(moment)), 0)

    def next_back(self, moment: datetime) -> datetime | None:
        """When the oldest call stops counting."""
        return min((each + _WINDOW for each in self.counted(moment)), default=None)

    def opens_at(self, moment: datetime, reserve: int = 0) -> datetime:
        """Return the first moment from `moment` on for a call that leaves `reserve` untouched."""
        counted = self.counted(moment)
        over = len(counted) - self.limit
        over_planned = len(counted) - max(self.limit - reserve, 1)
        waits = [moment]
        if over >= 0:
            waits.append(counted[over] + _WINDOW)
        if reserve and over_planned >= 0:
            waits.append(counted[over_planned] + _WINDOW - SLACK)
        return max(waits)

    def spend(self, moment: datetime) -> "Budget":
        return replace(self, made_at=(*self.counted(moment), moment))

    def give_back(self) -> "Budget":
        """Uncount the last call: it never got as far as the bank."""
        return replace(self, made_at=self.made_at[:-1])

    def corrected(
        self, moment: datetime, limit: int, remaining: int, resets_at: datetime
    ) -> "Budget":
        """Count as the bank does: calls that we don't know of end at its reset."""
        counted, told = self.counted(moment), max(limit - remaining, 0)
        unknown = max(told - len(counted), 0) * (min(resets_at - DAY, moment),)
        known = counted[max(len(counted) - told, 0) :]
        return Budget(max(limit, 1), tuple(sorted((*unknown, *known))))

    def exhausted(self, moment: datetime, resets_at: datetime) -> "Budget":
        """The bank's no: nothing is left before its reset."""
        return self.corrected(moment, self.limit, 0, resets_at)
