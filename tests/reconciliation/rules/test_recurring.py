"""The same amount every month: the oldest is paid, unless the text says otherwise."""

from dataclasses import replace
from datetime import date

import pytest

from payymo_api.reconciliation.rules.values import Document
from tests.reconciliation.rules.books import (
    TIMBER,
    ids,
    invoice,
    matcher,
    name,
    of_timber,
    paid,
    posted,
    shares,
)


def monthly(month: int) -> Document:
    return replace(
        invoice(f"MI-100{month}", 65000),
        issued_on=date(2026, month, 1),
        due_on=date(2026, month, 15),
        customer=TIMBER.id,
    )


RENTS = [monthly(month) for month in (3, 4, 5)]
DAY = 20


def test_the_oldest_is_paid_first() -> None:
    books = matcher(*RENTS)

    for number in ("MI-1003", "MI-1004", "MI-1005"):
        said = of_timber(65000, f"Miete {number[:2]}", day=DAY + int(number[-1]))
        answer = books.decide(said)
        assert posted(answer) == ids(number)
        books.settle(said, shares(answer), by_user=False)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Miete April", "MI-1004"),
        ("huur april", "MI-1004"),
        ("loyer mai", "MI-1005"),
        ("Rechnung vom 01.04.2026", "MI-1004"),
        ("invoice of 2026-05-01", "MI-1005"),
        ("MI-1004", "MI-1004"),
    ],
)
def test_the_text_tells_another(text: str, number: str) -> None:
    assert paid(matcher(*RENTS).decide(of_timber(65000, text))) == ids(number)


def test_what_is_proposed_for_another_line_counts_no_more() -> None:
    books = matcher(*RENTS)
    waiting = of_timber(65000, "Miete", day=DAY)
    books.keep(waiting, replace(books.decide(waiting), verdict="propose"))

    assert paid(books.decide(of_timber(65000, "Miete", day=DAY + 1))) == ids("MI-1004")
    assert paid(books.decide(waiting)) == ids("MI-1003")

    books.settle(waiting, (), by_user=True)
    assert paid(books.decide(of_timber(65000, "Miete", day=DAY + 1))) == ids("MI-1003")


def test_a_whole_number_reaches_what_is_proposed_for_another_line() -> None:
    books = matcher(*RENTS)
    waiting = of_timber(65000, "Miete", day=DAY)
    books.keep(waiting, replace(books.decide(waiting), verdict="propose"))

    assert paid(books.decide(of_timber(65000, "MI-1003", day=DAY + 1))) == ids("MI-1003")


def test_a_document_that_was_paid_elsewhere_is_left_out() -> None:
    books = matcher(*RENTS)
    books.put_document(replace(RENTS[0], open=0))

    assert posted(books.decide(of_timber(65000, "Miete"))) == ids("MI-1004")
    books.put_document(replace(RENTS[1], void=True))
    assert posted(books.decide(of_timber(65000, "Miete"))) == ids("MI-1005")


def test_two_months_at_once_are_the_two_oldest() -> None:
    assert paid(matcher(*RENTS).decide(of_timber(130000, "Miete"))) == {
        name("MI-1003"),
        name("MI-1004"),
    }
