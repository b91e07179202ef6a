"""Times to answer, counted on a fixed logarithmic scale of milliseconds.

It is OpenTelemetry's exponential histogram of scale 2: a bound is 2^(1/4) of the one before. So
counts of hours, endpoints and workers add up, and a percentile is at most 9.1 % off.
"""

import math
from collections.abc import Iterable, Sequence
from itertools import accumulate, zip_longest
from typing import Final

PER_OCTAVE: Final = 4
LAST: Final = 16 * PER_OCTAVE
"""The bucket of 55 seconds and above; no endpoint has so long to answer, as we are delivered."""


def bucket(milliseconds: int) -> int:
    """Return the bucket: 0 holds up to 1 ms, the n-th up to 2^(n/4) ms."""
    if milliseconds <= 1:
        return 0
    return min(math.ceil(PER_OCTAVE * math.log2(milliseconds)), LAST)


def counted(milliseconds: Iterable[int]) -> list[int]:
    """Return how many fell into each bucket, up to the last that holds any."""
    counts: list[int] = []
    for place in map(bucket, milliseconds):
        counts += [0] * (place + 1 - len(counts))
        counts[place] += 1
    return counts


def added(histograms: Iterable[Sequence[int]]) -> list[int]:
    return [sum(counts) for counts in zip_longest(*histograms, fillvalue=0)]


def percentile(counts: Sequence[int], percent: int) -> int | None:
    """Return the milliseconds within which so many percent were answered; None of nothing.

    It is the middle of the bucket that holds the nearest rank.
    """
    total = sum(counts)
    if not total:
        return None
    rank = math.ceil(total * percent / 100)
    place = next(place for place, below in enumerate(accumulate(counts)) if below >= rank)
    return round(2 ** ((place - 0.5) / PER_OCTAVE)) if place else 1
