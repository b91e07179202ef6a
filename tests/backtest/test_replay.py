"""The order in which a replay tells the engine of the past, and how it judges."""

import dataclasses

from payymo_api.backtest.past import Past
from payymo_api.backtest.replay import Decided, replay
from tests.backtest.matcher import Tiny
from tests.backtest.past import bank_line, invoice, name, on, past


def played(told: Past) -> tuple[list[Decided], list[str]]:
    engine = Tiny()
    return replay(told, engine), engine.diary


def test_a_document_is_unknown_before_its_issue_date() -> None:
    early, late = bank_line(0, 500, "A-1"), bank_line(3, 500, "A-1")
    decided, diary = played(past([early, late], [invoice("A-1", 500, day=2)]))
    assert [each.answer.verdict for each in decided] == ["none", "post"]
    assert diary == ["decide A-1", "A-1 open 500", "decide A-1", "engine settles A-1: A-1"]


def test_the_answer_comes_two_days_after_a_line_that_was_not_posted() -> None:
    first, next_day, later = (bank_line(day, 500, f"day {day}") for day in (0, 1, 2))
    a, b = invoice("A-1", 500), invoice("A-2", 500)
    decided, diary = played(past([first, next_day, later], [a, b], {first: [b]}))
    assert diary[2:] == ["decide day 0", "decide day 1", "user settles day 0: A-2", "decide day 2"]
    assert [(each.right, each.rank) for each in decided] == [(False, 2), (None, None), (None, None)]


def test_a_wrong_posting_is_taken_back_after_fourteen_days_and_settled_right() -> None:
    wrong, then, end = bank_line(0, 500, "A-1"), bank_line(13, 1, "x"), bank_line(14, 1, "y")
    a, b = invoice("A-1", 500), invoice("B-2", 500)
    decided, diary = played(past([wrong, then, end], [a, b], {wrong: [b]}))
    assert decided[0].right is False
    assert diary[-4:] == ["decide x", "undone", "user settles A-1: B-2", "decide y"]


def test_what_another_line_is_known_to_have_paid_was_posted_wrong() -> None:
    thief, payer = bank_line(0, 500, "A-1"), bank_line(1, 500, "thanks")
    decided, _ = played(past([thief, payer], [invoice("A-1", 500)], {payer: [invoice("A-1", 500)]}))
    assert (decided[0].known, decided[0].right) == (None, False)


def test_a_line_that_is_just_like_the_known_payer_is_not_judged() -> None:
    first, twin = bank_line(0, 500, "A-1"), bank_line(0, 500, "A-1", bank_reference="2")
    twin = dataclasses.replace(twin, id=name("twin"))
    decided, _ = played(past([first, twin], [invoice("A-1", 500)], {twin: [invoice("A-1", 500)]}))
    assert [each.right for each in decided] == [None, True]


def test_a_line_of_which_nothing_is_known_is_not_judged_and_not_told() -> None:
    decided, diary = played(
        past([bank_line(0, 500, "x"), bank_line(9, 1, "y")], [invoice("A", 500)])
    )
    assert {each.right for each in decided} == {None}
    assert not [entry for entry in diary if "settles" in entry]


def test_a_line_that_belongs_nowhere_is_told_as_such() -> None:
    rent, end = bank_line(0, -900, "rent"), bank_line(2, 1, "x")
    decided, diary = played(past([rent, end], [], {rent: []}))
    assert decided[0].right is True
    assert "user settles rent: " in diary


def test_what_was_paid_by_other_means_is_closed_after_that_day() -> None:
    lines = [bank_line(day, 500, f"day {day}") for day in (3, 4)]
    decided, _ = played(past(lines, [invoice("A-1", 500)], closed_on={"A-1": on(3)}))
    assert [each.answer.verdict for each in decided] == ["propose", "none"]


def test_a_paid_document_stays_open_until_its_known_line_was_settled() -> None:
    line, end = bank_line(3, 480, "thanks"), bank_line(9, 1, "x")
    a = invoice("A-1", 500)
    _, diary = played(past([line, end], [a], {line: [a]}, closed_on={"A-1": on(3)}))
    assert diary[-3:] == ["user settles thanks: A-1", "A-1 open 0", "decide x"]


def test_a_paid_document_is_not_open_again_when_a_wrong_posting_is_taken_back() -> None:
    thief, payer, end = bank_line(0, 500, "A-1"), bank_line(1, 500, "ok"), bank_line(30, 1, "x")
    a = invoice("A-1", 500)
    _, diary = played(past([thief, payer, end], [a], {payer: [a]}, closed_on={"A-1": on(1)}))
    assert diary[-5:] == ["recall ok", "A-1 open 0", "undone", "A-1 open 0", "decide x"]
