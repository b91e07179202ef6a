from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest

from payymo_api.reconciliation.rules.payouts import (
    DAYS_EARLY,
    DAYS_LATE,
    Ground,
    Pair,
    decide,
    possible,
)
from payymo_api.reconciliation.rules.values import Line, Payout

DAY = date(2026, 3, 10)
LINE = Line(
    id=UUID(int=1), amount=97540, currency="GBP", booked_on=DAY, texts=("STRIPE PAYOUT 88XH",)
)
PAYOUT = Payout(id=UUID(int=2), amount=97540, currency="GBP", arrival_on=DAY)
TRACED = replace(PAYOUT, trace_id="HVTR 0071 55QD")


def later(days: int) -> date:
    return DAY + timedelta(days=days)


def made(lines: list[Line], payouts: list[Payout]) -> list[tuple[int, int, Ground]]:
    pairs: list[Pair] = decide(possible(lines, payouts))
    return [(each.line.id.int, each.payout.id.int, each.ground) for each in pairs]


@pytest.mark.parametrize(
    "line",
    [
        LINE,
        replace(LINE, texts=("", "BGC stripe/london")),
        replace(LINE, texts=("payment",), counterparty_name="Stripe Payments UK Ltd"),
    ],
)
def test_a_line_of_stripe_brings_the_payout_of_its_amount_and_day(line: Line) -> None:
    assert made([line], [PAYOUT]) == [(1, 2, Ground.DAY)]


@pytest.mark.parametrize(
    ("days", "fits"),
    [
        (-DAYS_EARLY - 1, False),
        (-DAYS_EARLY, True),
        (1, True),
        (DAYS_LATE, True),
        (DAYS_LATE + 1, False),
    ],
)
def test_a_few_days_early_or_late_will_do(days: int, *, fits: bool) -> None:
    line = replace(LINE, booked_on=later(days))

    assert made([line], [PAYOUT]) == ([(1, 2, Ground.NEAR)] if fits else [])


@pytest.mark.parametrize(
    "line",
    [
        replace(LINE, amount=97541),
        replace(LINE, amount=-97540),
        replace(LINE, currency="EUR"),
        replace(LINE, texts=("STRIPED SHIRTS LTD",)),
        replace(LINE, texts=("PINSTRIPE",), counterparty_name="Harbour Foods"),
    ],
)
def test_another_amount_currency_or_payer_brings_no_payout(line: Line) -> None:
    assert made([line], [PAYOUT]) == []


def test_the_statement_descriptor_tells_a_payout_that_does_not_speak_of_stripe() -> None:
    line = replace(LINE, texts=("HARBOUR FO ODS 0310",))
    named = replace(PAYOUT, statement_descriptor="Harbour Foods")

    assert made([line], [named]) == [(1, 2, Ground.DAY)]
    assert made([line], [replace(named, statement_descriptor="HARB")]) == []


def test_the_trace_id_tells_it_on_any_day_among_its_like() -> None:
    line = replace(LINE, texts=("ref hvtr007155qd",), booked_on=later(20))
    other = replace(PAYOUT, id=UUID(int=3), arrival_on=later(20))

    assert made([line], [TRACED, other]) == [(1, 2, Ground.TRACE)]


def test_equal_payouts_of_neighbouring_days_are_told_apart_by_their_days() -> None:
    tomorrow = replace(PAYOUT, id=UUID(int=3), arrival_on=later(1))
    second = replace(LINE, id=UUID(int=4), booked_on=later(1))

    assert made([LINE], [PAYOUT, tomorrow]) == [(1, 2, Ground.DAY)]
    assert made([LINE, second], [PAYOUT, tomorrow]) == [(1, 2, Ground.DAY), (4, 3, Ground.DAY)]


def test_what_can_not_be_told_apart_is_left_for_a_person() -> None:
    same_day = replace(PAYOUT, id=UUID(int=3))
    second = replace(LINE, id=UUID(int=4))

    assert made([LINE], [PAYOUT, same_day]) == []
    assert made([LINE, second], [PAYOUT]) == []
    assert made([replace(LINE, booked_on=later(2))], [PAYOUT, replace(same_day)]) == []


def test_a_negative_payout_is_money_out() -> None:
    collected = replace(PAYOUT, amount=-2500)

    assert made([replace(LINE, amount=-2500)], [collected]) == [(1, 2, Ground.DAY)]
    assert made([replace(LINE, amount=2500)], [collected]) == []


def test_a_payout_that_was_brought_before_is_not_brought_again() -> None:
    assert made([LINE], [replace(PAYOUT, settled=97540)]) == []


def test_a_failed_payout_brings_nothing_and_gives_back_what_it_had_brought() -> None:
    back = replace(LINE, amount=-97540, booked_on=later(5))
    failed = replace(PAYOUT, failed=True)

    assert made([LINE, back], [failed]) == []
    (pair,) = decide(possible([LINE, back], [replace(failed, settled=97540)]))
    assert (pair.line, pair.ground) == (back, Ground.NEAR)
    assert pair.evidence[0] == "The line returns exactly the payout's amount."
    assert made([replace(back, booked_on=later(-1))], [replace(failed, settled=97540)]) == []
