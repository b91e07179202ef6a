"""When an endpoint that fails is warned of and disabled, and how times to answer are counted."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from payymo_api.webhooks.rules import health, histogram, retries

LONGEST = 65_536  # milliseconds
SINCE = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def _after(**time: float) -> datetime:
    return SINCE + timedelta(**time)


@pytest.mark.parametrize(
    ("hours", "warned", "expected"),
    [
        (0, 0, None),
        (59.99, 0, None),
        (60, 0, 50),
        (83.99, 50, None),
        (84, 50, 70),
        (108, 70, 90),
        (119.99, 90, None),
        (120, 90, health.DISABLED),
        (500, 90, health.DISABLED),
    ],
)
def test_warns_at_each_step_once_and_disables_after_five_days(
    hours: float, warned: int, expected: int | None
) -> None:
    assert health.due(SINCE, _after(hours=hours), warned) == expected


def test_steps_that_were_passed_together_are_one() -> None:
    assert health.due(SINCE, _after(hours=110), 0) == 90


@pytest.mark.parametrize(
    ("hours", "expected"), [(-1, 0), (0, 0), (1.19, 0), (1.2, 1), (60, 50), (119.9, 99), (900, 100)]
)
def test_the_percentage_is_whole_and_bounded(hours: float, expected: int) -> None:
    assert health.percent(SINCE, _after(hours=hours)) == expected


def test_says_from_when_on_it_would_be_disabled() -> None:
    at = health.disables_at(SINCE)

    assert health.percent(SINCE, at) == 100
    assert health.percent(SINCE, at - timedelta(seconds=1)) == 99


def test_no_wait_between_two_attempts_is_a_silence() -> None:
    longest = retries.next_attempt(1, SINCE, str(10**9), 0.999)

    assert longest is not None
    assert longest - SINCE < health.SILENCE


@pytest.mark.parametrize(
    ("milliseconds", "expected"),
    [(0, 0), (1, 0), (2, 4), (3, 7), (4, 8), (5, 10), (1024, 40), (1025, 41), (10**9, 64)],
)
def test_a_bucket_ends_at_a_quarter_of_an_octave(milliseconds: int, expected: int) -> None:
    assert histogram.bucket(milliseconds) == expected


def test_a_histogram_is_as_long_as_it_needs_to_be() -> None:
    assert histogram.counted([]) == []
    assert histogram.counted([1, 2, 2, 0]) == [2, 0, 0, 0, 2]
    assert histogram.added([[2, 0, 1], [], [1]]) == [3, 0, 1]
    assert histogram.added([]) == []


def test_nothing_has_no_percentile() -> None:
    assert histogram.percentile([], 50) is None
    assert histogram.percentile([0, 0], 50) is None


def test_a_percentile_is_at_most_nine_percent_and_a_rounding_off() -> None:
    chance = Random(6)  # noqa: S311  repeatable on purpose
    for _ in range(200):
        times = [
            min(round(chance.lognormvariate(4, 2)), LONGEST) for _ in range(chance.randint(1, 300))
        ]
        counts = histogram.counted(times)
        for percent in (50, 95, 99):
            true = sorted(times)[-(-len(times) * percent // 100) - 1]
            found = histogram.percentile(counts, percent)
            assert found is not None
            assert abs(found - true) <= 0.091 * true + 1
