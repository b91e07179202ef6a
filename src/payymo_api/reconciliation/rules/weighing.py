"""How likely each hypothesis is, and that none of them is right."""

import math
from collections.abc import Iterable, Mapping, Sequence


def weigh(
    weights: Mapping[str, float], nothing: Iterable[str], found: Sequence[Iterable[str]]
) -> tuple[float, list[float]]:
    """Return the probability that the line is for none of them, and each one's.

    They sum to 1: the softmax of the sums of weights, in whatever order they come.
    """
    scores = [sum(weights.get(each, 0.0) for each in features) for features in (nothing, *found)]
    top = max(scores)
    raised = [math.exp(each - top) for each in scores]
    total = math.fsum(raised)
    first, *rest = (each / total for each in raised)
    return first, rest
