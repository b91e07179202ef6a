"""Crowds of equals: what is cut off is not what came last."""

from typing import Any

from payymo_api.reconciliation.rules.matcher import Matcher
from payymo_api.reconciliation.rules.values import Customer, Document
from tests.reconciliation.rules.books import (
    OWN,
    credit_note,
    invoice,
    line,
    matcher,
    name,
    on,
    posted,
    shares,
)


def crowd(size: int, text: str) -> list[Customer]:
    return [Customer(name(f"{text} {each}"), (text.format(each),)) for each in range(size)]


def books(customers: list[Customer], documents: list[Document]) -> Matcher:
    return matcher(*documents, customers=tuple(customers))


def both(customers: list[Customer], documents: list[Document], **said: Any) -> None:  # noqa: ANN401  its fields
    forward = books(customers, documents).decide(line(5000, **said))
    backward = books(customers[::-1], documents[::-1]).decide(line(5000, **said))

    assert forward == backward


def test_more_namesakes_than_are_compared() -> None:
    customers = crowd(60, "Nordwald Haus{}")
    documents = [
        invoice(f"N-{place:04d}", 5000 if place % 7 else 7000, customer=each.id)
        for place, each in enumerate(customers)
    ]

    both(customers, documents, counterparty_name="NORDWALD HAUS")


def test_words_that_are_in_very_many_names() -> None:
    customers = [
        Customer(name(f"{each}"), (f"{'Berg' if each % 2 else 'Holz'} Nordwald {each:05d}x",))
        for each in range(1300)
    ]
    documents = [invoice(f"N-{each:04d}", 5000, customer=customers[each].id) for each in (3, 4)]

    both(customers, documents, counterparty_name="BERG HOLZ NORDWALD")


def test_the_documents_of_a_direct_debit() -> None:
    collected = [
        invoice(f"D-{each:02d}", 1000, direct_debit=True, collection_on=on(20)) for each in range(5)
    ]

    both([], collected, text="COLLECTION", counterparty_account=OWN)


def test_a_refund_among_very_many_invoices_of_its_amount() -> None:
    note = credit_note("G-0001", 5000)
    many = [invoice(f"N-{each:04d}", 5000, customer=None) for each in range(50)]
    refund = line(-5000, "REFUND", counterparty_name="NORDWALD TIMBER GMBH")

    for documents in ([*many, note], [note, *many]):
        assert posted(books([], documents).decide(refund)) == {note.id}


def test_the_probabilities_of_many_equals() -> None:
    customers = crowd(30, "Nordwald Haus{}")
    documents = [
        invoice(f"N-{place:04d}", 5000, place % 9, customer=each.id)
        for place, each in enumerate(customers)
    ]

    both(customers, documents, counterparty_name="NORDWALD HAUS7")


def test_what_was_moved_and_given_back_keeps_its_place() -> None:
    documents = [invoice(f"N-{each:04d}", 5000) for each in range(6)]
    made = books([], documents)
    asked = line(5000, "danke", day=40)
    before = made.decide(asked)
    first = line(5000, "N-0000")
    made.settle(first, shares(made.decide(first)), by_user=False)
    made.unsettle(first.id)

    assert made.decide(asked) == before
