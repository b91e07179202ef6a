from collections.abc import Sequence
from itertools import combinations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payymo_api.reconciliation.rules.sets import MOST_AMOUNTS, subsets

FEW = st.lists(st.integers(-6, 12), max_size=10)
MANY = st.lists(st.integers(-3, 9), min_size=20, max_size=MOST_AMOUNTS)


def all_sets(amounts: Sequence[int], target: int) -> list[tuple[int, ...]]:
    return [
        chosen
        for size in range(1, len(amounts) + 1)
        for chosen in combinations(range(len(amounts)), size)
        if sum(amounts[index] for index in chosen) == target
    ]


def values(amounts: Sequence[int], found: list[tuple[int, ...]]) -> list[list[int]]:
    return [sorted(amounts[index] for index in chosen) for chosen in found]


@given(FEW, st.integers(-10, 40), st.integers(1, 5))
def test_finds_the_smallest_of_all_sets(amounts: list[int], target: int, most: int) -> None:
    expected = all_sets(amounts, target)
    found = subsets(amounts, target, most=most)

    assert len(set(found)) == len(found) == min(most, len(expected))
    assert set(found) <= set(expected)
    assert [len(each) for each in found] == [len(each) for each in expected[:most]]


@given(FEW, st.integers(-10, 40))
def test_finds_every_set_if_asked(amounts: list[int], target: int) -> None:
    found = subsets(amounts, target, most=2 ** len(amounts))

    assert sorted(found) == sorted(all_sets(amounts, target))


@given(FEW.filter(bool), st.integers(-10, 40), st.data())
def test_every_set_has_what_is_forced(amounts: list[int], target: int, data: st.DataObject) -> None:
    forced = data.draw(st.sets(st.integers(0, len(amounts) - 1), max_size=3))
    found = subsets(amounts, target, most=2 ** len(amounts), forced=forced)

    assert sorted(found) == [
        chosen for chosen in sorted(all_sets(amounts, target)) if forced <= set(chosen)
    ]


@given(MANY, st.integers(-20, 200), st.randoms(use_true_random=False), st.integers(1, 4))
def test_the_order_of_amounts_does_not_matter(
    amounts: list[int], target: int, random: Random, most: int
) -> None:
    shuffled = random.sample(amounts, len(amounts))
    found = subsets(amounts, target, most=most)

    assert found == subsets(amounts, target, most=most)
    assert values(amounts, found) == values(shuffled, subsets(shuffled, target, most=most))


@given(st.data())
def test_a_sum_of_many_is_found(data: st.DataObject) -> None:
    amounts = data.draw(st.lists(st.integers(-(10**15), 10**15), min_size=1, max_size=MOST_AMOUNTS))
    chosen = data.draw(st.sets(st.integers(0, len(amounts) - 1), min_size=1))
    target = sum(amounts[index] for index in chosen)
    found = subsets(amounts, target)

    assert all(sum(amounts[index] for index in each) == target for each in found)
    assert len(found) == 2 or found == [tuple(sorted(chosen))]


def test_the_largest_amounts_come_first_and_the_earlier_of_equals() -> None:
    assert subsets([40, 60, 10, 90, 60], 100, most=4) == [(2, 3), (0, 1), (0, 4)]


def test_no_set_is_empty() -> None:
    assert subsets([], 0) == []
    assert subsets([5, -5, 7], 0) == [(0, 1)]
    assert subsets([5, 7], 5, forced=[0]) == [(0,)]


@pytest.mark.parametrize(
    ("amounts", "target", "smallest"),
    [
        ([100] * 26, 1300, 13),
        ([0] * 26, 0, 1),
        ([1, -1] * 13, 0, 2),
        ([2**place for place in range(26)], 2**26 - 1, 26),
    ],
)
def test_the_worst_cases_are_answered(amounts: list[int], target: int, smallest: int) -> None:
    found = subsets(amounts, target)

    assert len(found[0]) == smallest
    assert all(sum(amounts[index] for index in each) == target for each in found)


def test_refuses_more_than_it_can_look_through() -> None:
    with pytest.raises(ValueError, match="At most 26 amounts, not 27"):
        subsets([1] * 27, 5)
