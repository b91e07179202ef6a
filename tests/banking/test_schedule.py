from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from payymo_api.banking.rules import schedule

MOMENT = datetime(2026, 3, 2, 9, tzinfo=UTC)
moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  the bounds are naive


@given(moments, st.uuids(), st.sampled_from([None, 1, 2, 4, 300]))
def test_scheduled_readings_stay_below_the_allowance(
    start: datetime, account: UUID, limit: int | None
) -> None:
    """In any 24 hours a refresh of the user's still fits in (but for an allowance of one)."""
    at, readings = start, []
    while at < start + timedelta(days=3):
        at = schedule.next_reading(at, account, calls_limit=limit)
        readings.append(at)
    most = max((limit or schedule.USUAL_CALLS) - schedule.RESERVE, 1)
    for first in readings:
        assert sum(first <= each < first + timedelta(hours=24) for each in readings) <= most


@given(moments, st.uuids())
def test_an_account_is_read_three_times_a_day(start: datetime, account: UUID) -> None:
    at = start
    for _ in range(3):
        at = schedule.next_reading(at, account)
    assert at - start <= timedelta(hours=28)


def test_accounts_have_slots_of_their_own() -> None:
    slots = {schedule.next_reading(MOMENT, uuid4()) for _ in range(1000)}
    assert len(slots) > 900


def test_the_reserve_is_left_to_the_user_until_the_reset() -> None:
    resets_at = MOMENT + timedelta(hours=20)
    at = schedule.next_reading(
        MOMENT, UUID(int=1), calls_limit=4, calls_left=1, resets_at=resets_at
    )
    assert at > resets_at


def test_all_history_first_then_an_overlap() -> None:
    today = date(2026, 3, 20)
    assert schedule.window(None, 90, today) == (date(2025, 12, 20), today)
    assert schedule.window(date(2026, 3, 18), 90, today) == (date(2026, 3, 4), today)
    assert schedule.window(date(2025, 1, 1), 90, today) == (date(2025, 12, 20), today)
    assert schedule.window(date(2026, 4, 1), 90, today) == (date(2026, 3, 6), today)
