from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payymo_api.webhooks.rules import retries
from payymo_api.webhooks.rules.retries import Outcome

AT = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
HOUR = 3600


def _wait(attempt: int = 1, retry_after: str | None = None, jitter: float = 0.0) -> float:
    at = retries.next_attempt(attempt, AT, retry_after, jitter)
    assert at is not None
    return (at - AT).total_seconds()


def test_at_least_ten_attempts_over_at_least_76_hours() -> None:
    attempt, at = 1, AT
    while following := retries.next_attempt(attempt, at, None, 0.0):
        attempt, at = attempt + 1, following
    assert attempt >= 10
    assert at - AT >= timedelta(hours=76)


@given(st.integers(1, retries.ATTEMPTS - 1), st.floats(0, 1, exclude_max=True))
def test_jitter_is_only_added(attempt: int, jitter: float) -> None:
    assert _wait(attempt) <= _wait(attempt, jitter=jitter) <= _wait(attempt) * 1.1


def test_delays_never_shrink() -> None:
    waits = [_wait(attempt) for attempt in range(1, retries.ATTEMPTS)]
    assert waits == sorted(waits)


def test_the_last_attempt_has_no_successor_whatever_is_asked() -> None:
    assert retries.next_attempt(retries.ATTEMPTS, AT, "60", 0.5) is None


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        (" 120 ", 120),
        ("3", 10),
        ("0", 10),
        ("-5", 10),
        ("86400", 24 * HOUR),
        ("86401", 24 * HOUR),
        ("9" * 5000, 24 * HOUR),
        (format_datetime(AT + timedelta(minutes=2), usegmt=True), 120),
        (format_datetime(AT - timedelta(days=2), usegmt=True), 10),
        (format_datetime(AT + timedelta(days=20), usegmt=True), 24 * HOUR),
        ("Mon, 23 Nov 2026 09:32:00 -0000", 120),
        ("Mon, 23 Nov 99999999999999 09:32:00 GMT", 10),
        ("soon", 10),
        ("1e9", 10),
        ("٣٠٠", 10),
        ("", 10),
        (None, 10),
    ],
)
def test_retry_after_lengthens_within_its_cap(header: str | None, seconds: float) -> None:
    assert _wait(retry_after=header) == seconds


def test_retry_after_is_jittered_too_so_that_none_come_at_once() -> None:
    assert _wait(retry_after="100", jitter=0.5) == 105


@given(st.text())
def test_no_retry_after_breaks_the_schedule(header: str) -> None:
    assert 10 <= _wait(retry_after=header) <= 24 * HOUR


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_success_is_delivered(status: int) -> None:
    assert retries.outcome(status) is Outcome.DELIVERED


@pytest.mark.parametrize(
    "status", [100, 199, 300, 301, 302, 304, 307, 308, 400, 404, 429, 500, 503]
)
def test_everything_else_failed(status: int) -> None:
    assert retries.outcome(status) is Outcome.FAILED


def test_410_is_gone() -> None:
    assert retries.outcome(410) is Outcome.GONE


def test_an_endpoints_own_schedule_stands_in_the_place_of_ours() -> None:
    own = (timedelta(seconds=5), timedelta(seconds=60))
    waits = [retries.next_attempt(attempt, AT, None, 0.0, own) for attempt in (1, 2, 3)]
    assert waits == [AT + own[0], AT + own[1], None]
    assert retries.next_attempt(1, AT, "30", 0.0, own) == AT + timedelta(seconds=30)
