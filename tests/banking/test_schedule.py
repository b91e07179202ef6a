from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payymo_api.banking.rules import schedule
from payymo_api.banking.rules.allowance import RESERVE, SLACK, USUAL_LIMIT, Budget

MOMENT = datetime(2026, 3, 2, 9, tzinfo=UTC)
moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  the bounds are naive
UNUSED = Budget(USUAL_LIMIT, ())


def calls(*hours_ago: float, limit: int = USUAL_LIMIT) -> Budget:
    return Budget(limit, tuple(sorted(MOMENT - timedelta(hours=each) for each in hours_ago)))


@given(moments, st.uuids(), st.sampled_from([1, 2, 4, 300]))
def test_planned_readings_leave_the_reserve(start: datetime, account: UUID, limit: int) -> None:
    """In any 24 hours a refresh of the user's still fits in (but for an allowance of one)."""
    at, budget = start, Budget(limit, ())
    while at < start + timedelta(days=3):
        at = schedule.next_reading(at, account, budget)
        assert budget.left(at) > 0
        assert budget.left(at + SLACK) > (RESERVE if limit > 1 else 0)
        budget = budget.spend(at)


@given(moments, st.uuids())
def test_an_account_is_read_three_times_a_day(start: datetime, account: UUID) -> None:
    at, budget = start, UNUSED
    for _ in range(30):
        at = schedule.next_reading(at, account, budget)
        budget = budget.spend(at)
    assert at - start <= timedelta(hours=8 * 30 + 4)


def test_accounts_have_slots_of_their_own() -> None:
    slots = {schedule.next_reading(MOMENT, uuid4(), UNUSED) for _ in range(1000)}
    assert len(slots) > 900


def test_the_reserve_is_left_to_the_user_until_a_call_comes_back() -> None:
    budget = calls(20, 2, 1)
    at = schedule.next_reading(MOMENT, UUID(int=1), budget)
    assert at >= MOMENT + timedelta(hours=3, minutes=50)
    assert budget.opens_at(MOMENT) == MOMENT


@pytest.mark.parametrize(
    ("budget", "left", "opens", "opens_to_the_plan"),
    [
        (calls(), 4, 0, 0),
        (calls(25), 4, 0, 0),
        (calls(23, 22), 2, 0, 0),
        (calls(23, 22, 21), 1, 0, 60 - 9),
        (calls(23, 22, 21, 20), 0, 61, 120 - 9),
        (calls(23, limit=1), 0, 61, 61),
        (calls(23, 22, 21, limit=2), 0, 121, 180 - 9),
    ],
)
def test_a_call_counts_for_a_day(
    budget: Budget, left: int, opens: int, opens_to_the_plan: int
) -> None:
    """The minutes until a user's call, and until one of the plan, may be made."""
    assert budget.left(MOMENT) == left
    assert budget.opens_at(MOMENT) == MOMENT + timedelta(minutes=opens)
    planned = budget.opens_at(MOMENT, RESERVE)
    assert planned == MOMENT + timedelta(minutes=opens_to_the_plan)


@given(
    st.lists(st.floats(0, 30), max_size=6),
    st.integers(1, 10),
    st.integers(0, 10),
    st.integers(-5, 86_400),
)
def test_the_banks_count_is_taken_over(
    hours_ago: list[float], limit: int, remaining: int, reset: int
) -> None:
    told = min(remaining, limit)
    resets_at = MOMENT + timedelta(seconds=max(reset, 1))
    budget = calls(*hours_ago).corrected(MOMENT, limit, told, resets_at)

    assert budget.left(MOMENT) == told
    assert budget.left(MOMENT + timedelta(hours=24, minutes=2)) == limit
    if not told:
        assert MOMENT < budget.opens_at(MOMENT) <= MOMENT + timedelta(hours=24, minutes=1)


def test_a_refusal_uses_the_budget_up_until_the_reset() -> None:
    budget = calls(3).exhausted(MOMENT, MOMENT + timedelta(hours=2))
    assert budget.left(MOMENT) == 0
    assert budget.opens_at(MOMENT) == MOMENT + timedelta(hours=2, minutes=1)


def test_a_call_that_never_reached_the_bank_is_given_back() -> None:
    assert calls(3).spend(MOMENT).give_back() == calls(3)


def test_a_crowd_that_was_missed_is_made_up_for_no_faster_than_twice_the_usual() -> None:
    late = timedelta(hours=2)
    again = [schedule.made_up(MOMENT, late, uuid4()) for _ in range(2000)]
    assert min(again) >= MOMENT
    assert max(again) < MOMENT + late
    quarter = sum(at < MOMENT + late / 4 for at in again)
    assert 400 < quarter < 600
    longest = schedule.made_up(MOMENT, timedelta(days=9), UUID(int=2**128 - 1))
    assert longest < MOMENT + timedelta(hours=8)


@pytest.mark.parametrize(
    ("days_left", "given", "due"),
    [
        (20, None, None),
        (14, None, 14),
        (13, 14, None),
        (7, 14, 7),
        (5, None, 7),
        (0.5, None, 1),
        (0.5, 7, 1),
        (0.5, 1, None),
        (30, 1, None),
    ],
)
def test_each_notice_is_given_once_and_a_missed_one_not_late(
    days_left: float, given: int | None, due: int | None
) -> None:
    assert schedule.notice_due(MOMENT + timedelta(days=days_left), given, MOMENT) == due


def test_all_history_first_then_an_overlap() -> None:
    today = date(2026, 3, 20)
    assert schedule.window(None, 90, today) == (date(2025, 12, 20), today)
    assert schedule.window(date(2026, 3, 18), 90, today) == (date(2026, 3, 4), today)
    assert schedule.window(date(2025, 1, 1), 90, today) == (date(2025, 12, 20), today)
    assert schedule.window(date(2026, 4, 1), 90, today) == (date(2026, 3, 6), today)
