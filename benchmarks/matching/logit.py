"""The conditional logit model (McFadden 1974), fitted by L-BFGS (Nocedal 1980).

The log-likelihood less penalty / 2 times the squared length of the weights has one maximum; it is
approached until the gradient is next to nothing, so where it began does not matter.
"""

import math
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import mul

Vector = list[float]
Slope = Callable[[Vector], tuple[float, Vector]]
"""Returns a function's value and its gradient at a place."""
RARE = 3
"""What fewer alternatives have than this many is left out."""
_REMEMBERED = 20
_FLAT = 1e-5
_LEAST_GAIN = 1e-4
_SHORTEST = 1e-9


@dataclass(frozen=True, slots=True)
class Choice:
    """The features of what was chosen, and of everything that could have been."""

    chosen: tuple[str, ...]
    others: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Fitted:
    """The weights, and the mean log-likelihood of a choice less its part of the penalty."""

    weights: dict[str, float]
    likelihood: float


def fit(choices: Mapping[Choice, int], penalty: float) -> Fitted:
    """Return the likeliest weights. `choices`: how often each was seen."""
    names = _names(choices)
    model = _Model(choices, names, penalty)
    found, loss = minimum(model.slope, [0.0] * len(names))
    return Fitted(dict(zip(names, found, strict=True)), -loss / choices_in(choices))


def choices_in(choices: Mapping[Choice, int]) -> int:
    return sum(choices.values())


def _names(choices: Mapping[Choice, int]) -> list[str]:
    seen: Counter[str] = Counter()
    for choice, times in choices.items():
        for features in (choice.chosen, *choice.others):
            for each in set(features):
                seen[each] += times
    return sorted(each for each, times in seen.items() if times >= RARE)


class _Model:
    """Alternatives of the same features are one row; choices between the same rows are one."""

    def __init__(self, choices: Mapping[Choice, int], names: Sequence[str], penalty: float) -> None:
        self._penalty = penalty
        places = {name: place for place, name in enumerate(names)}
        rows: dict[tuple[int, ...], int] = {}

        def row(features: Iterable[str]) -> int:
            known = tuple(sorted(places[each] for each in features if each in places))
            return rows.setdefault(known, len(rows))

        times: Counter[tuple[int, ...]] = Counter()
        for choice, count in choices.items():
            times[row(choice.chosen), *sorted(map(row, choice.others))] += count
        self._rows = list(rows)
        self._choices = list(times.items())

    def slope(self, weights: Vector) -> tuple[float, Vector]:
        """Return what is to be small, and its gradient."""
        scores = [sum(map(weights.__getitem__, row)) for row in self._rows]
        pulls = [0.0] * len(scores)
        loss = self._penalty / 2 * _dot(weights, weights)
        for alternatives, times in self._choices:
            told = [scores[each] for each in alternatives]
            top = max(told)
            raised = [math.exp(each - top) for each in told]
            total = sum(raised)
            loss += times * (math.log(total) + top - told[0])
            pulls[alternatives[0]] -= times
            for each, share in zip(alternatives, raised, strict=True):
                pulls[each] += times * share / total
        gradient = [self._penalty * each for each in weights]
        for row, pull in zip(self._rows, pulls, strict=True):
            for each in row:
                gradient[each] += pull
        return loss, gradient


def minimum(slope: Slope, start: Vector) -> tuple[Vector, float]:
    """Return where a strictly convex function is least, and its value there."""
    place, (value, gradient) = start, slope(start)
    steps: deque[tuple[Vector, Vector]] = deque(maxlen=_REMEMBERED)
    while max(map(abs, gradient), default=0.0) > _FLAT:
        way = _direction(gradient, steps)
        there, reached, slant = _search(slope, place, way, value, _dot(way, gradient))
        if reached >= value:
            break
        steps.append((_less(there, place), _less(slant, gradient)))
        place, value, gradient = there, reached, slant
    return place, value


def _search(
    slope: Slope, place: Vector, way: Vector, value: float, along: float
) -> tuple[Vector, float, Vector]:
    """Go the whole way, or half, or a quarter: until it is worth it, or too little to be told."""
    length = 1.0
    while True:
        there = [at + length * go for at, go in zip(place, way, strict=True)]
        reached, slant = slope(there)
        if reached <= value + _LEAST_GAIN * length * along or length < _SHORTEST:
            return there, reached, slant
        length /= 2


def _direction(gradient: Vector, steps: Sequence[tuple[Vector, Vector]]) -> Vector:
    """Bend the gradient by what the last steps told of the curvature: the two loops of L-BFGS."""
    way, amounts = [-each for each in gradient], []
    for moved, turned in reversed(steps):
        amount = _dot(moved, way) / _dot(moved, turned)
        amounts.append(amount)
        way = [each - amount * turn for each, turn in zip(way, turned, strict=True)]
    if steps:
        moved, turned = steps[-1]
        scale = _dot(moved, turned) / _dot(turned, turned)
    else:
        scale = 1 / math.sqrt(_dot(gradient, gradient))
    way = [scale * each for each in way]
    for (moved, turned), amount in zip(steps, reversed(amounts), strict=True):
        rest = amount - _dot(turned, way) / _dot(moved, turned)
        way = [each + rest * move for each, move in zip(way, moved, strict=True)]
    return way


def _dot(one: Vector, other: Vector) -> float:
    return math.fsum(map(mul, one, other))


def _less(one: Vector, other: Vector) -> Vector:
    return [each - take for each, take in zip(one, other, strict=True)]
