"""The pure core: what an account's lines become when the bank tells them anew."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from random import Random
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payymo_api.banking.rules.line import RANKS, Kept, Line, Source
from payymo_api.banking.rules.merge import Window, merge, told_in_full
from payymo_api.banking.rules.pairing import Pass
from tests.banking.tellings import applied

TODAY = date(2026, 3, 20)
ALL = Window(date(2026, 1, 1), TODAY)


def line(
    minor: int = -1000,
    day: int = 2,
    text: str = "Coffee",
    *,
    booked: bool = True,
    source: Source = "feed",
    **said: str | None,
) -> Line:
    names = "reference end_to_end_id counterparty_name counterparty_iban provider_id internal_id"
    silent: dict[str, Any] = dict.fromkeys(names.split())
    return Line(
        booked=booked,
        amount_minor=minor,
        currency="EUR",
        booked_on=date(2026, 3, day),
        value_on=None,
        booked_at=None,
        description=text,
        source=source,
        **(silent | said),
    )


def read(*tellings: Sequence[Line], window: Window | None = ALL) -> list[Kept]:
    kept: list[Kept] = []
    for lines in tellings:
        kept = applied(kept, merge(kept, lines, window))
        assert_unique(kept)
    return kept


def assert_unique(kept: Iterable[Kept]) -> None:
    places = Counter((each.kept_fingerprint, each.occurrence) for each in kept)
    assert not places or max(places.values()) == 1


def ledger(lines: Iterable[Line]) -> Counter[tuple[bool, int, date]]:
    return Counter((each.booked, each.amount_minor, each.booked_on) for each in lines)


lines = st.builds(
    line,
    minor=st.sampled_from([-1000, -250, 990]),
    day=st.integers(1, 4),
    text=st.sampled_from(["Coffee", "INV 7", "", "12.03 EXAMPLE STORE"]),
    booked=st.booleans(),
    provider_id=st.sampled_from([None, "1", "2"]),
    internal_id=st.sampled_from([None, "a", "b"]),
    end_to_end_id=st.sampled_from([None, "E1"]),
)
tellings = st.lists(lines, max_size=12)


@given(tellings)
def test_the_same_again_changes_nothing(told: list[Line]) -> None:
    again = merge(read(told), told, ALL)

    assert (again.added, again.modified, again.removed) == ([], [], [])
    assert again.unchanged == len(told)


@given(tellings, tellings, st.randoms(use_true_random=False))
def test_the_order_of_telling_does_not_matter(
    first: list[Line], then: list[Line], chance: Random
) -> None:
    kept = read(first)
    shuffled = list(then)
    chance.shuffle(shuffled)

    one, other = merge(kept, then, ALL), merge(kept, shuffled, ALL)

    assert [each.line for each in one.added] == [each.line for each in other.added]
    assert {each.kept.id: dict(each.values) for each in one.modified} == {
        each.kept.id: dict(each.values) for each in other.modified
    }
    assert [each.id for each in one.removed] == [each.id for each in other.removed]


@given(tellings, tellings)
def test_after_a_telling_in_full_we_hold_what_was_told(first: list[Line], then: list[Line]) -> None:
    kept = read(first, then)

    booked = [each for each in kept if each.booked]
    assert ledger(booked) >= ledger(each for each in then if each.booked)
    assert len(kept) >= len(then)
    assert Counter((each.amount_minor, each.currency) for each in kept) == Counter(
        (each.amount_minor, each.currency) for each in then
    )


@given(st.lists(st.sampled_from([("Coffee", 1), ("Tea", 1), ("Coffee", 2)]), max_size=10))
def test_file_and_feed_of_the_same_lines_never_both_count(said: list[tuple[str, int]]) -> None:
    feed = [line(day=day, text=text) for text, day in said]
    file = [line(day=day, text=f"{text} as the file words it", source="camt") for text, day in said]

    for kept in (read(feed), read(file, window=None)):
        other = file if kept and kept[0].source == "feed" else feed
        found = merge(kept, other, None)
        assert (found.added, found.removed) == ([], [])
        assert found.paired == len(said)
        assert merge(applied(kept, found), other, None).modified == []


def test_twins_of_a_day_stay_two() -> None:
    kept = read([line(), line()], [line(), line()])
    assert len(kept) == 2
    assert len(read([line(), line()], [line()])) == 1


def test_a_third_of_its_like_is_new() -> None:
    found = merge(read([line(), line()]), [line(), line(), line()], ALL)
    assert (len(found.added), found.unchanged) == (1, 2)


def test_another_amount_is_another_line() -> None:
    found = merge(read([line(-1000, internal_id="a")]), [line(-1001, internal_id="a")], ALL)
    assert (len(found.added), len(found.modified), len(found.removed)) == (1, 0, 1)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            line(text="12.03 EXAMPLE STORE", provider_id="x1"),
            line(text="EXAMPLE STORE", provider_id="x2"),
        ),
        (line(text="one", internal_id="a"), line(text="two", internal_id="a")),
        (line(day=2, internal_id="a"), line(day=3, internal_id="a")),
    ],
    ids=["reissued with another id and text", "reworded under its id", "moved under its id"],
)
def test_a_reissued_line_is_the_same_line(before: Line, after: Line) -> None:
    kept = read([before])
    found = merge(kept, [after], ALL)

    assert (len(found.added), len(found.modified), len(found.removed)) == (0, 1, 0)
    assert merge(applied(kept, found), [after], ALL).unchanged == 1


@pytest.mark.parametrize(
    "booked",
    [
        line(day=4),
        line(day=4, text="CARD 4417 SOMETHING ELSE", provider_id="new"),
        line(day=2, text="COFFEE."),
    ],
)
def test_what_was_pending_is_booked_in_place(booked: Line) -> None:
    kept = read([line(booked=False)])
    found = merge(kept, [booked], ALL)

    (change,) = found.modified
    assert change.values["booked"] is True
    assert (found.added, found.removed) == ([], [])
    (row,) = applied(kept, found)
    assert row.booked_on == booked.booked_on


def test_a_pending_line_that_vanishes_is_gone_and_another_amount_does_not_book_it() -> None:
    found = merge(read([line(booked=False)]), [line(-999)], ALL)
    assert (len(found.added), len(found.removed)) == (1, 1)


def test_edges_of_the_window_prove_nothing() -> None:
    kept = read([line(day=day, text=f"line {day}", minor=-day) for day in (1, 2, 3, 4)])
    told = [line(day=2, text="line 2", minor=-2), line(day=4, text="line 4", minor=-4)]
    window = told_in_full(date(2026, 3, 1), date(2026, 3, 4), told)

    found = merge(kept, told, window)

    assert [each.booked_on.day for each in found.removed] == [3]


def test_an_empty_telling_takes_no_booked_line_away() -> None:
    kept = read([line(), line(booked=False, minor=5)])
    found = merge(kept, [], told_in_full(date(2026, 3, 1), TODAY, []))
    assert [each.amount_minor for each in found.removed] == [5]


def test_what_a_file_says_no_feed_takes_back() -> None:
    kept = read([line(source="camt")], window=None)
    assert merge(kept, [line(-5)], ALL).removed == []


def test_a_statements_words_stand_whichever_came_first_and_the_feed_fills_in() -> None:
    iban = "GB33BUKB20201555555555"
    feed = line(text="as the feed says", internal_id="a", counterparty_iban=iban)
    file = line(text="as the file says", end_to_end_id="E", source="camt")
    ways = []
    for tellings in ((feed, file), (file, feed), (feed, file, feed), (file, feed, file)):
        kept: list[Kept] = []
        for each in tellings:
            kept = applied(kept, merge(kept, [each], ALL if each.source == "feed" else None))
        (row,) = kept
        ways.append((row.source, row.description, row.end_to_end_id, row.counterparty_iban))
        assert merge(kept, [feed], ALL).unchanged == merge(kept, [file], None).unchanged == 1
    assert ways == [("camt", "as the file says", "E", iban)] * 4


def test_every_source_has_its_rank() -> None:
    assert sorted(RANKS) == sorted(get_args(Source))


def test_a_booking_leaves_nothing_of_the_pending_lines_words() -> None:
    """It may have been paired by its amount alone."""
    kept = read([line(booked=False, counterparty_iban="GB33BUKB20201555555555", provider_id="p")])
    (row,) = applied(kept, merge(kept, [line(day=4, text="Another shop")], ALL))
    assert (row.description, row.counterparty_iban, row.provider_id) == ("Another shop", None, None)


def test_a_line_without_words_that_a_file_completed_is_known_again() -> None:
    feed = line(text="", minor=7)
    kept = read([feed])
    kept = applied(
        kept, merge(kept, [line(text="", minor=7, end_to_end_id="E", source="camt")], None)
    )

    again = merge(kept, [feed], ALL)

    assert (again.added, again.modified, again.removed) == ([], [], [])


def test_two_files_of_a_day_keep_both_payments_of_one_amount() -> None:
    morning = [line(text="Invoice 123", source="camt", provider_id="R1")]
    evening = [
        line(text="Invoice 124", source="camt", provider_id="R2"),
        line(text="Invoice 123", source="camt", provider_id="R3"),
    ]
    assert len(read(morning, evening, evening, morning, window=None)) == 3


def test_a_file_books_what_the_feed_still_calls_pending() -> None:
    pending = line(booked=False)
    kept = read([pending])
    kept = applied(kept, merge(kept, [line(day=3, source="camt")], None))
    again = merge(kept, [pending], ALL)

    assert [each.booked for each in kept] == [True]
    assert (again.added, again.removed, again.unchanged) == ([], [], 1)


def test_a_lost_day_is_told_to_nobody() -> None:
    day = timedelta(days=1)
    told = [line(day=10)]
    assert told_in_full(date(2026, 3, 1), TODAY, told) == Window(date(2026, 3, 11), TODAY - day)


def test_crowds_that_are_alike_are_not_compared_each_with_each() -> None:
    """A day of direct debits: one amount, one text, thousands of references."""
    compared = 0

    def counted(_kept: Kept, _line: Line) -> bool:
        nonlocal compared
        compared += 1
        return False

    kept = read([line(provider_id=f"A{number}") for number in range(1000)], window=None)
    told = [line(provider_id=f"B{number}") for number in range(1000)]
    _, left, over = Pass(lambda _: "", counted).pair(kept, told)

    assert (len(left), len(over)) == (1000, 1000)
    assert compared <= 200 * 1000
