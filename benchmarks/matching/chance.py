"""Draws from a seeded generator, with the shapes that money and habits have."""

from collections.abc import Mapping
from datetime import date, timedelta
from random import Random
from typing import TypeVar

T = TypeVar("T")
_FRIDAY = 4


def happens(rng: Random, probability: float) -> bool:
    return rng.random() < probability


def one_of(rng: Random, *choices: T) -> T:
    return rng.choice(choices)


def weighted(rng: Random, weights: Mapping[T, float]) -> T:
    return rng.choices(list(weights), list(weights.values()))[0]


def digits(rng: Random, count: int) -> str:
    """Return a number of so many digits that does not begin with zero."""
    return str(rng.randrange(10 ** (count - 1), 10**count))


def hex_id(rng: Random, bits: int = 128) -> str:
    return f"{rng.getrandbits(bits):0{bits // 4}x}"


def business_day(day: date) -> date:
    """Return the day, or the Monday after it."""
    while day.weekday() > _FRIDAY:
        day += timedelta(1)
    return day
