from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payymo_api.core.clock import now
from payymo_api.core.types import later, least_id, new_id, parse_public_id, public_id


@given(st.uuids(), st.uuids())
def test_ids_read_back_and_sort_as_their_bytes_do(one: UUID, other: UUID) -> None:
    assert parse_public_id("inv", public_id("inv", one)) == one
    assert (public_id("inv", one) < public_id("inv", other)) == (one.bytes < other.bytes)


def test_ids_made_later_sort_later() -> None:
    made = [public_id("tr", new_id()) for _ in range(100)]

    assert made == sorted(made)


def test_ids_tell_when_they_were_made() -> None:
    before = now()
    made = new_id()

    assert least_id(before) <= made < least_id(now() + timedelta(milliseconds=1))
    assert least_id(datetime(784, 5, 9, tzinfo=UTC)) == least_id(datetime(1970, 1, 1, tzinfo=UTC))
    assert made < later(made, timedelta(hours=1)) < least_id(now() + timedelta(hours=1, seconds=1))
    assert later(UUID(int=2**128 - 1), timedelta(hours=1)) == UUID(int=2**128 - 1)


@given(st.text(max_size=40))
def test_anything_else_is_no_id(text: str) -> None:
    for candidate in (text, f"inv_{text}"):
        try:
            id = parse_public_id("inv", candidate)
        except ValueError:
            continue
        assert public_id("inv", id) == candidate


@pytest.mark.parametrize("change", [str.upper, lambda text: text[:-1], lambda text: text + "0"])
def test_an_id_has_one_spelling(change: object) -> None:
    assert callable(change)
    with pytest.raises(ValueError, match="inv_"):
        parse_public_id("inv", change(public_id("inv", new_id())))


def test_the_last_letter_has_no_spare_bits() -> None:
    text = public_id("inv", UUID(int=0))

    with pytest.raises(ValueError, match="inv_"):
        parse_public_id("inv", text[:-1] + "1")
