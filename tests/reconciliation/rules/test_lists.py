"""Lines that name several documents, the first whole, the others by their last digits."""

from dataclasses import replace

import pytest

from payymo_api.reconciliation.rules.reading import read
from payymo_api.reconciliation.rules.scene import listed
from payymo_api.reconciliation.rules.values import Document
from tests.reconciliation.rules.books import (
    BAKERY,
    ids,
    invoice,
    line,
    matcher,
    of_timber,
    posted,
)

# No two sets of these have the same sum.
OWED = {f"RE-{number}": 1000 + 2 ** (number - 4700) for number in range(4709, 4724)}
BOOKS = [
    invoice(number, amount, day=place % 3) for place, (number, amount) in enumerate(OWED.items())
]


def among(text: str, *heads: str, books: list[Document] = BOOKS) -> set[str]:
    known = {each.number: each for each in books}
    found = listed(read(line(1, text)), books, [known[each] for each in heads])
    return {each.number for each in books if each.id in found and each.number not in heads}


def of(*numbers: int) -> set[str]:
    return {f"RE-{each}" for each in numbers}


@pytest.mark.parametrize(
    ("text", "others"),
    [
        ("RE-4711, 12, 15", of(4712, 4715)),
        ("RE-4711/12/15", of(4712, 4715)),
        ("RE-4711+12+15", of(4712, 4715)),
        ("RE-4711 und 12 und 715", of(4712, 4715)),
        ("RE-4711-15", of(4712, 4713, 4714, 4715)),
        ("RE-4711 - 15", of(4712, 4713, 4714, 4715)),
        ("RE-4711 \u2013 15", of(4712, 4713, 4714, 4715)),
        ("RE-4711 bis 15", of(4712, 4713, 4714, 4715)),
        ("RE-4711 to 4715", of(4712, 4713, 4714, 4715)),
        ("RE-4711-15, 18", of(4712, 4713, 4714, 4715, 4718)),
        ("RE-4711, 15-18", of(4715, 4716, 4717, 4718)),
        ("RE-4711-13, 15-17/20", of(4712, 4713, 4715, 4716, 4717, 4720)),
        ("RE-4711-714", of(4712, 4713, 4714)),
        ("RE-4711-4714", of(4712, 4713, 4714)),
        ("RE-4711/12\n/13", of(4712, 4713)),
        ("4711-15, 18", of(4712, 4713, 4714, 4715, 4718)),
        ("RE-4715-11", of(4711)),
        ("RE-4711", set()),
        ("12, 15 RE-4711", set()),
    ],
)
def test_the_tails_of_a_list_and_its_ranges(text: str, others: set[str]) -> None:
    (head,) = {"RE-4715"} if "4715-11" in text else {"RE-4711"}

    assert among(text, head) == others


def test_a_day_is_no_part_of_a_list() -> None:
    assert among("RE-4711 vom 12.10.2026", "RE-4711") == set()
    assert among("RE-4711/12/11", "RE-4711") == of(4712)


def test_every_head_begins_a_list_of_its_own() -> None:
    books = [invoice(each, 100) for each in ("A-1070", "A-1071", "B-2071", "B-2072", "A-1072")]

    assert among("A-1070, 71 B-2071, 72", "A-1070", "B-2071", books=books) >= {"A-1071", "B-2072"}


def test_the_parts_of_another_head_are_no_tails() -> None:
    books = [invoice(f"2025-{each}", 100) for each in range(70, 80)]

    assert among("2025-71, 2025-75", "2025-71", "2025-75", books=books) == set()


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("RE-4711-15, 18", (4711, 4712, 4713, 4714, 4715, 4718)),
        ("4711-15, 18", (4711, 4712, 4713, 4714, 4715, 4718)),
        ("Rechnungen 4709/10/16/20", (4709, 4710, 4716, 4720)),
        ("RE-4712 und 4716, 17", (4712, 4716, 4717)),
        ("RE-4712 RE-4716 RE-4723", (4712, 4716, 4723)),
        ("RE-4709-23", tuple(range(4709, 4724))),
    ],
)
def test_the_listed_documents_are_paid_whoever_pays(text: str, numbers: tuple[int, ...]) -> None:
    named = of(*numbers)
    amount = sum(OWED[each] for each in named)
    stranger = line(amount, text, counterparty_name="SOMEBODY ELSE")

    assert posted(matcher(*BOOKS).decide(of_timber(amount, text))) == ids(*named)
    assert posted(matcher(*BOOKS).decide(stranger)) == ids(*named)


def test_a_list_is_found_among_more_documents_than_sets_are_searched_in() -> None:
    older = [invoice(f"RE-{3000 + each}", 1013 + 7 * each) for each in range(60)]
    newer = [replace(each, issued_on=each.issued_on.replace(day=20)) for each in BOOKS]
    named = of(4711, 4712, 4713, 4714, 4718)
    amount = sum(OWED[each] for each in named)

    answer = matcher(*older, *newer).decide(of_timber(amount, "RE-4711-14, 18"))

    assert posted(answer) == ids(*named)


def test_a_list_wins_over_another_set_of_the_same_sum() -> None:
    books = [invoice(f"RE-{number}", 1000 + 7 * number) for number in range(4711, 4720)]
    amount = sum(each.amount for each in books[:5]) + books[7].amount

    answer = matcher(*books).decide(of_timber(amount, "RE-4711-15, 18"))

    assert posted(answer) == ids(*of(4711, 4712, 4713, 4714, 4715, 4718))


def test_documents_of_two_customers_are_no_set() -> None:
    other = invoice("RE-4800", 5000, customer=BAKERY.id)
    books = matcher(*BOOKS, other)
    amount = OWED["RE-4711"] + 5000

    assert books.decide(line(amount, "RE-4711, RE-4800")).verdict != "post"


def test_a_part_of_what_is_named_and_no_sum_is_left_to_a_person() -> None:
    answer = matcher(*BOOKS).decide(of_timber(sum(OWED.values()) + 1, "RE-4711, RE-4712"))

    assert answer.verdict != "post"
