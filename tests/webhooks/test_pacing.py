"""How fast an endpoint is served."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from payymo_api.webhooks.rules.pacing import Pace, Window


def test_the_window_doubles_in_every_round_that_goes_well() -> None:
    window = Window(20, is_failing=False)
    sizes = []

    for _ in range(5):
        sizes.append(window.size)
        for _ in range(window.size):
            window.delivered()

    assert sizes == [2, 4, 8, 16, 20]


def test_the_window_halves_with_an_answer_that_is_no_success_and_closes_with_none() -> None:
    window = Window(20, is_failing=False)
    for _ in range(20):
        window.delivered()

    sizes = []
    for answered in (True, True, False, False):
        window.failed(answered=answered)
        sizes.append(window.size)

    assert sizes == [10, 5, 1, 1]
    assert window.is_failing
    window.delivered()
    assert (window.size, window.is_failing) == (2, False)


def test_an_endpoint_that_fails_begins_with_a_single_post() -> None:
    window = Window(20, is_failing=True)

    assert (window.size, window.is_failing) == (1, True)


@given(
    most=st.integers(1, 100),
    is_failing=st.booleans(),
    fates=st.lists(st.sampled_from(["delivered", "refused", "silent"])),
)
def test_the_window_stays_within_its_bounds(
    most: int, fates: list[str], *, is_failing: bool
) -> None:
    window = Window(most, is_failing=is_failing)

    for fate in fates:
        if fate == "delivered":
            window.delivered()
        else:
            window.failed(answered=fate == "refused")
        assert 1 <= window.size <= most
        assert window.is_failing == (fate != "delivered")


def test_without_a_limit_nothing_waits() -> None:
    pace = Pace(None)

    for _ in range(1000):
        assert pace.wait(0.0) == 0.0
        pace.went(0.0)


@given(
    per_second=st.integers(1, 10_000),
    pauses=st.lists(st.floats(0, 5), min_size=1, max_size=50),
)
def test_between_two_posts_is_always_the_interval(per_second: int, pauses: list[float]) -> None:
    pace, now = Pace(per_second), 100.0
    went = []

    for pause in pauses:
        now += pause
        now += pace.wait(now)
        pace.went(now)
        went.append(now)

    gaps = [later - earlier for earlier, later in itertools.pairwise(went)]
    assert all(gap >= 1 / per_second - 1e-9 for gap in gaps)


def test_an_idle_time_is_not_saved_up() -> None:
    pace = Pace(2)
    pace.went(0.0)

    assert pace.wait(0.1) == 0.4
    assert pace.wait(60.0) == 0.0
    pace.went(60.0)
    assert pace.wait(60.0) == 0.5
