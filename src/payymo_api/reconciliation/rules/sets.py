"""Which of a few amounts add up to a sum: subset sum, met in the middle.

Horowitz and Sahni, "Computing Partitions with Applications to the Knapsack Problem" (1974): list
what each half can make, then look for pairs that make the target. 26 amounts are two lists of at
most 8,192 sums, instead of 67 million selections; a selection from which the rest can't reach the
target any more is dropped on the way, which leaves little when the target is a few amounts large.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from heapq import nsmallest

MOST_AMOUNTS = 26

Selection = tuple[int, int]
"""Sum and rank. A rank orders the sets and tells their members; it is the sum of its members'
ranks, which are 1 less a power of two of their own, in units of 2 ** 26."""


def subsets(
    amounts: Sequence[int], target: int, *, most: int = 2, forced: Collection[int] = ()
) -> list[tuple[int, ...]]:
    """Return up to `most` sets of indexes, each with all of `forced`, whose amounts sum to target.

    Fewer than `most` means that there are no others. Amounts may be negative; the empty set is no
    answer. Smallest sets come first, among equals those with the largest amounts: what is found
    does not depend on the order of the amounts, but for which of several equal ones.
    """
    if len(amounts) > MOST_AMOUNTS:
        raise ValueError(f"At most {MOST_AMOUNTS} amounts, not {len(amounts)}.")
    always = set(forced)
    free = sorted(set(range(len(amounts))) - always, key=lambda index: (amounts[index], -index))
    items = [
        (amounts[index], (1 << MOST_AMOUNTS) - (1 << place)) for place, index in enumerate(free)
    ]
    rest = target - sum(amounts[index] for index in always)
    ranks = _ranks(items, rest, most if always else most + 1)
    chosen = [[free[place] for place in _places(rank)] for rank in ranks if rank or always]
    return [tuple(sorted([*always, *indexes])) for indexes in chosen[:most]]


def _ranks(items: Iterable[Selection], target: int, most: int) -> list[int]:
    """Return the lowest ranks of the selections that sum to the target."""
    by_size = sorted(items, key=lambda item: abs(item[0]), reverse=True)
    low = sum(amount for amount, _ in by_size if amount < 0)
    high = sum(amount for amount, _ in by_size if amount > 0)
    if not low <= target <= high:
        return []
    left = _selections(by_size[::2], target, low, high)
    right = _selections(by_size[1::2], target, low, high)
    partners = _lowest(right, {target - amount for amount, _ in left}, most)
    found = _lowest(left, {target - amount for amount in partners}, most)
    return nsmallest(
        most,
        (
            rank + partner
            for amount, ranks in found.items()
            for place, rank in enumerate(ranks, start=1)
            for partner in partners[target - amount][: most // place]
        ),
    )


def _selections(items: Iterable[Selection], target: int, low: int, high: int) -> list[Selection]:
    """Return the selections that can still reach the target by what is not among the items.

    `low` and `high` bound what all amounts, these and the others, can sum to.
    """
    found = [(0, 0)]
    for amount, rank in items:
        low -= min(amount, 0)
        high -= max(amount, 0)
        found += [(total + amount, ranks + rank) for total, ranks in found]
        found = [each for each in found if low <= target - each[0] <= high]
    return found


def _lowest(
    selections: Iterable[Selection], wanted: Collection[int], most: int
) -> dict[int, list[int]]:
    """Return wanted sum -> the lowest ranks that make it."""
    ranks = defaultdict(list)
    for amount, rank in selections:
        if amount in wanted:
            ranks[amount].append(rank)
    return {amount: nsmallest(most, each) for amount, each in ranks.items()}


def _places(rank: int) -> list[int]:
    mask = -rank % (1 << MOST_AMOUNTS)
    return [place for place in range(MOST_AMOUNTS) if mask >> place & 1]
