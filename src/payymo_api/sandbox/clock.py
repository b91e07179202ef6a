"""The sandbox's own time: real time, moved by whoever tests expiry."""

from datetime import date, datetime, timedelta

from payymo_api.core import clock


class SandboxClock:
    def __init__(self) -> None:
        self._ahead = timedelta()

    def now(self) -> datetime:
        return clock.now() + self._ahead

    def today(self) -> date:
        return self.now().date()

    def advance(self, seconds: float) -> None:
        self._ahead += timedelta(seconds=seconds)

    def set(self, moment: datetime) -> None:
        """Go on from `moment`, which must name its zone."""
        self._ahead = moment - clock.now()

    def reset(self) -> None:
        self._ahead = timedelta()
