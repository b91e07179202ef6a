import pytest

from payymo_api.payments.rules.pace import FIRST, LEAST, MOST, Pace


def test_calls_have_their_places_one_after_the_other() -> None:
    pace = Pace(rate=10)
    waits = []
    for _ in range(3):
        waits.append(pace.wait(100.0))
        pace = pace.spend(100.0)
    assert waits == pytest.approx([0, 0.1, 0.2])


def test_a_place_that_nobody_took_is_gone() -> None:
    pace = Pace(rate=10).spend(100.0).spend(200.0)
    assert pace.wait(200.0) == pytest.approx(0.1)


def test_a_second_of_success_makes_about_one_call_more_a_second() -> None:
    pace = Pace()
    for _ in range(int(FIRST)):
        pace = pace.speed_up()
    assert FIRST + 0.9 < pace.rate <= FIRST + 1


def test_an_objection_halves_the_pace_and_so_does_the_next() -> None:
    pace = Pace(rate=40).brake(100.0)
    assert pace.rate == 20
    assert pace.brake(101.0).rate == 10


def test_what_was_refused_together_is_one_objection() -> None:
    pace = Pace(rate=40).brake(100.0)
    assert pace.brake(100.5) == pace


def test_there_is_a_least_and_a_most() -> None:
    fast, slow = Pace(rate=MOST), Pace(rate=LEAST)
    assert fast.speed_up().rate == MOST
    assert slow.brake(100.0).rate == LEAST


def test_it_settles_about_what_is_allowed() -> None:
    """An account that bears 30 calls a second: most seconds are between half of it and all."""
    pace, seen = Pace(), []
    for second in range(200):
        for _ in range(int(pace.rate)):
            pace = pace.speed_up()
        if pace.rate > 30:
            pace = pace.brake(float(second))
        seen.append(pace.rate)
    assert all(14 < rate <= 30 for rate in seen[100:])
