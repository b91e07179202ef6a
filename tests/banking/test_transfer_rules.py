from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payymo_api.banking.rules.transfers import NEAR, OwnAccount, Side, is_transfer, pairs
from payymo_api.core.types import AccountId, TransactionId

CURRENT, SAVINGS, TILL = (AccountId(uuid4()) for _ in range(3))
ACCOUNTS = {
    CURRENT: OwnAccount("GB33BUKB20201555555555", frozenset({"acme ltd", "current account"})),
    SAVINGS: OwnAccount("DE89370400440532013000", frozenset({"acme ltd", "savings"})),
    TILL: OwnAccount(None, frozenset()),
}
DAY = date(2026, 10, 1)


def side(account_id: AccountId, minor: int, *, days: int = 0, **told: Any) -> Side:  # noqa: ANN401  any JSON value
    return Side(
        id=TransactionId(uuid4()),
        account_id=account_id,
        amount_minor=minor,
        currency=told.get("currency", "GBP"),
        booked_on=DAY + timedelta(days=days),
        text=f" {told.get('text', '')} ",
        name=told.get("name", ""),
        iban=told.get("iban"),
    )


OUT = side(CURRENT, -500, iban="DE89370400440532013000")


@pytest.mark.parametrize(
    ("other", "is_one"),
    [
        (side(SAVINGS, 500), True),
        (side(SAVINGS, 500, days=5), True),
        (side(SAVINGS, 500, days=-5), True),
        (side(SAVINGS, 500, iban="GB33BUKB20201555555555"), True),
        (side(SAVINGS, 500, name="acme ltd"), True),
        (side(SAVINGS, 500, days=6), False),
        (side(SAVINGS, 501), False),
        (side(SAVINGS, -500), False),
        (side(SAVINGS, 500, currency="EUR"), False),
        (side(SAVINGS, 500, name="harbour lights"), False),
        (side(SAVINGS, 500, iban="FR1420041010050500013M02606"), False),
        (side(CURRENT, 500), False),
        (side(TILL, 500), False),
    ],
)
def test_a_transfer_is_said_by_one_side_and_denied_by_none(other: Side, is_one: bool) -> None:  # noqa: FBT001
    assert is_transfer(OUT, other, ACCOUNTS) == is_transfer(other, OUT, ACCOUNTS) == is_one
    assert bool(pairs([OUT, other], ACCOUNTS)) == is_one


@pytest.mark.parametrize(
    ("one", "other", "is_one"),
    [
        (side(CURRENT, -500), side(SAVINGS, 500), False),
        (side(CURRENT, -500, text="internal transfer 7"), side(SAVINGS, 500), True),
        (side(CURRENT, -500, name="acme ltd"), side(TILL, 500), True),
        (side(CURRENT, -500, text="bank transfer"), side(SAVINGS, 500), False),
        (
            side(CURRENT, -500, name="jane doe", text="internal transfer"),
            side(SAVINGS, 500, name="acme ltd"),
            False,
        ),
    ],
)
def test_amount_and_day_alone_say_nothing(one: Side, other: Side, is_one: bool) -> None:  # noqa: FBT001
    assert is_transfer(one, other, ACCOUNTS) == is_one


def sweep(days: int) -> tuple[Side, Side]:
    return (
        side(CURRENT, -500, days=days, iban="DE89370400440532013000"),
        side(SAVINGS, 500, days=days, iban="GB33BUKB20201555555555"),
    )


def test_the_nearest_days_go_together() -> None:
    sweeps = [sweep(days) for days in range(10)]

    found = pairs([each for both in sweeps for each in both], ACCOUNTS)

    assert set(found) == {(out.id, into.id) for out, into in sweeps}


def test_what_could_be_either_is_left_alone() -> None:
    (out, into), (_, other_into) = sweep(0), sweep(0)
    apart = sweep(20)

    found = pairs([out, into, other_into, *apart], ACCOUNTS)

    assert found == [(apart[0].id, apart[1].id)]


_SIDES = st.lists(
    st.builds(
        side,
        st.sampled_from([CURRENT, SAVINGS]),
        st.sampled_from([-2, -1, 1, 2]),
        days=st.integers(0, 12),
        text=st.sampled_from(["own account", ""]),
    ),
    max_size=12,
)


@given(_SIDES, st.randoms(use_true_random=False))
def test_pairs_are_one_to_one_and_the_same_in_any_order(sides: list[Side], random: Any) -> None:  # noqa: ANN401  any JSON value
    found = pairs(sides, ACCOUNTS)

    assert set(pairs(random.sample(sides, len(sides)), ACCOUNTS)) == set(found)
    ids = [id for both in found for id in both]
    assert len(ids) == len(set(ids))
    by_id = {each.id: each for each in sides}
    for out, into in found:
        assert by_id[out].amount_minor == -by_id[into].amount_minor < 0
        assert abs(by_id[out].booked_on - by_id[into].booked_on) <= NEAR
