"""Daily exchange rates: a walk from where they were."""

from datetime import date, timedelta
from random import Random

from benchmarks.matching.values import FIRST, LAST

_START = {
    "EUR": 1.0, "USD": 1.09, "GBP": 0.86, "CHF": 0.95, "DKK": 7.46, "NOK": 11.4, "SEK": 11.3,
    "PLN": 4.32, "CZK": 25.1,
}  # fmt: skip


class Rates:
    """How much of each currency one euro buys, day by day."""

    def __init__(self, rng: Random) -> None:
        self.currencies = list(_START)
        self.days: dict[date, dict[str, float]] = {}
        today, day = dict(_START), FIRST
        while day <= LAST + timedelta(10):
            self.days[day] = {each: round(rate, 6) for each, rate in today.items()}
            today = {c: 1.0 if c == "EUR" else r * rng.gauss(1, 0.003) for c, r in today.items()}
            day += timedelta(1)

    def rate(self, source: str, target: str, day: date) -> float:
        rates = self.days[day]
        return rates[target] / rates[source]
