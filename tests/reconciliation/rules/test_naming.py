"""Lines that name one document, more or less clearly, at the engine's door."""

from dataclasses import replace

import pytest

from payymo_api.reconciliation.rules.values import Line
from tests.reconciliation.rules.books import (
    BAKERY,
    FIRST,
    TIMBER,
    ids,
    invoice,
    line,
    matcher,
    of_timber,
    paid,
    posted,
)

FIRST_DUE = invoice("RE-2026-0071", 12000)
SECOND = invoice("RE-2026-0072", 12000, 5)


@pytest.mark.parametrize(
    "text",
    [
        "RE-2026-0072",
        "Rechnung 2026 0072",
        "re20260072 danke",
        "RE-20\n26-0072",
    ],
)
def test_the_named_one_of_two_equals_is_paid(text: str) -> None:
    assert posted(matcher(FIRST_DUE, SECOND).decide(of_timber(12000, text))) == {SECOND.id}


@pytest.mark.parametrize("text", ["RE-2O26-OO72", "Rechnung 72", "RE-2026-0027"])
def test_a_damaged_number_tells_two_equals_apart(text: str) -> None:
    assert paid(matcher(FIRST_DUE, SECOND).decide(of_timber(12000, text))) == {SECOND.id}


@pytest.mark.parametrize(
    "text",
    [
        "RE-2026-0017",
        "RE-2O26-OO7l",
        "RE-206-0071",
        "RE-20266-0071",
        "RE-2026-\n0071",
        "2026/0071",
        "Rechnung RE-2026-0",
        "Rechnung 71",
    ],
)
def test_a_damaged_number_and_the_amount_are_enough_of_a_known_payer(text: str) -> None:
    assert posted(matcher(FIRST_DUE).decide(of_timber(12000, text))) == {FIRST_DUE.id}


@pytest.mark.parametrize("text", ["RE-2026-0072", "Rechnung 2026-0072"])
def test_who_pays_a_paid_document_again_does_not_mean_its_neighbour(text: str) -> None:
    answer = matcher(FIRST_DUE, replace(SECOND, open=0)).decide(of_timber(12000, text))

    assert answer.verdict != "post"


def test_another_number_of_the_series_is_another_document() -> None:
    answer = matcher(FIRST_DUE).decide(of_timber(12000, "RE-2026-0345"))

    assert answer.verdict == "propose"


@pytest.mark.parametrize(
    "said",
    [
        line(12000, "RE-2026-0071", counterparty_name="SOMEBODY ELSE"),
        line(12000, "RE-2026-0071"),
    ],
)
def test_a_whole_number_may_be_paid_by_anybody(said: Line) -> None:
    assert posted(matcher(FIRST_DUE, SECOND).decide(said)) == {FIRST_DUE.id}


def test_nothing_is_posted_in_another_currency_without_an_order_or_a_rate() -> None:
    books = matcher(invoice("RE-2026-0071", 12000, day=10))

    assert books.decide(of_timber(12000, "RE-2026-0071", currency="USD")).verdict != "post"


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("3704", "IBAN DE89 3704 0044 0532 0130 00 danke"),
        ("2026", f"Miete vom {FIRST:%d.%m.%Y}"),
        ("0405", f"Miete vom {FIRST:%d.%m.%Y}"),
        ("101", "Hauptstr. 101"),
    ],
)
def test_a_short_number_that_any_text_may_hold_names_nothing(number: str, text: str) -> None:
    books = matcher(invoice(number, 7700, customer=BAKERY.id))

    assert books.decide(line(7700, text, counterparty_name="SOMEBODY ELSE")).verdict != "post"


def test_a_short_number_is_enough_of_a_known_payer() -> None:
    books = matcher(invoice("101", 7700), invoice("102", 7700))

    assert posted(books.decide(of_timber(7700, "Rechnung 102"))) == ids("102")


def test_a_part_of_a_day_is_no_customer_number() -> None:
    customer = replace(TIMBER, number="2026", accounts=())
    books = matcher(invoice("A-77", 7700), customers=(customer,))

    said = line(7700, "vom 04.05.2026", counterparty_name="SOMEBODY ELSE")
    assert books.decide(said).verdict != "post"


def test_a_creditor_reference_names_its_document() -> None:
    due = invoice("A-1", 12000, creditor_reference="RF18 5390 0754 7034")
    books = matcher(due, invoice("A-2", 12000))

    for text in ("RF18539007547034", "rf18 5390 0754 7034", "+++RF18 5390\n0754 7034+++"):
        assert posted(books.decide(line(12000, text))) == {due.id}


def test_the_order_number_names_its_document() -> None:
    books = matcher(invoice("A-1", 12000, po_number="4500017733"), invoice("A-2", 12000))

    assert posted(books.decide(of_timber(12000, "PO 4500017733"))) == ids("A-1")
