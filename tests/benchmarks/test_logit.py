"""The conditional logit: on choices whose best weights are known."""

import math
from itertools import product

import pytest

from benchmarks.matching.logit import Choice, fit, minimum

NEXT_TO_NOTHING = 1e-9


def test_two_alternatives_weigh_the_log_odds_of_their_frequencies() -> None:
    taken, left = Choice(("evidence",), ((),)), Choice((), (("evidence",),))
    found = fit({taken: 80, left: 20}, NEXT_TO_NOTHING)
    assert found.weights["evidence"] == pytest.approx(math.log(80 / 20), abs=1e-4)
    entropy = 0.8 * math.log(0.8) + 0.2 * math.log(0.2)
    assert found.likelihood == pytest.approx(entropy, abs=1e-6)


def test_three_alternatives_share_as_their_frequencies() -> None:
    every = [("a",), ("b",), ("c",)]
    times = {"a": 50, "b": 30, "c": 20}
    choices = {
        Choice(each, tuple(other for other in every if other != each)): times[each[0]]
        for each in every
    }
    weights = fit(choices, 1e-6).weights
    assert weights["a"] - weights["b"] == pytest.approx(math.log(50 / 30), abs=1e-4)
    assert weights["a"] - weights["c"] == pytest.approx(math.log(50 / 20), abs=1e-4)


def test_evidence_never_contradicted_weighs_no_more_than_the_penalty_lets_it() -> None:
    weight = fit({Choice(("sure",), ((),)): 10}, 0.5).weights["sure"]
    assert 0.5 * weight == pytest.approx(10 / (1 + math.exp(weight)), abs=1e-4)


def test_rare_evidence_is_left_out() -> None:
    choices = {Choice(("common", "rare"), ((),)): 2, Choice(("common",), ((),)): 1}
    assert fit(choices, 0.03).weights.keys() == {"common"}


def test_the_order_of_choices_and_of_alternatives_changes_nothing() -> None:
    every = [(one, other) for one, other in product("abc", "de")]
    choices = {
        Choice(chosen, tuple(each for each in every if each != chosen)): place
        for place, chosen in enumerate(every, start=1)
    }
    turned = {Choice(each.chosen, each.others[::-1]): choices[each] for each in reversed(choices)}
    one, other = fit(choices, 0.03), fit(turned, 0.03)
    assert one.weights == pytest.approx(other.weights, abs=1e-6)


def test_finds_the_bottom_of_a_narrow_valley() -> None:
    def valley(at: list[float]) -> tuple[float, list[float]]:
        x, y = at
        return (x - 3) ** 2 + 1000 * (y + 2) ** 2, [2 * (x - 3), 2000 * (y + 2)]

    place, value = minimum(valley, [50.0, 50.0])
    assert place == pytest.approx([3, -2], abs=1e-5)
    assert value == pytest.approx(0, abs=1e-9)
