"""Lines of the tenant's own doing: direct debits, transfers; and entries that are told twice."""

from dataclasses import replace

import pytest

from payymo_api.reconciliation.rules.values import Document, Line
from tests.reconciliation.rules.books import (
    BAKERY,
    OWN,
    TIMBER,
    invoice,
    line,
    matcher,
    name,
    of_timber,
    on,
    posted,
    shares,
)


def collected(number: str, amount: int, day: int = 20) -> Document:
    customer = BAKERY.id if number.endswith("1") else TIMBER.id
    return invoice(number, amount, customer=customer, direct_debit=True, collection_on=on(day))


DEBITS = [collected("D-1001", 4100), collected("D-1002", 5200), collected("D-1003", 7300)]
OTHERS = [collected("D-1004", 9900, day=21), invoice("A-1005", 2500)]
SUM = 4100 + 5200 + 7300


@pytest.mark.parametrize("days", [0, 1, 5])
def test_a_batch_of_direct_debits_comes_as_one_sum(days: int) -> None:
    batch = line(SUM, "COLLECTION 77", day=20 + days, counterparty_name="Lindqvist Supplies AB")

    answer = matcher(*DEBITS, *OTHERS).decide(batch)

    assert posted(answer) == {each.id for each in DEBITS}
    assert sum(each.amount for each in shares(answer)) == SUM


@pytest.mark.parametrize(
    "said",
    [
        line(SUM, "COLLECTION", day=19),
        line(SUM, "COLLECTION", day=26),
        line(SUM - 1, "COLLECTION"),
        line(SUM, "COLLECTION", currency="USD"),
        line(-SUM, "COLLECTION"),
        line(SUM, "thanks", counterparty_name="SOMEBODY ELSE"),
        line(SUM, "thanks", counterparty_account="GB33BUKB20201555555555"),
    ],
    ids=lambda said: str(said.id)[:8],
)
def test_another_day_sum_or_payer_brings_no_batch(said: Line) -> None:
    assert matcher(*DEBITS, *OTHERS).decide(said).verdict != "post"


def test_a_debit_that_comes_back_opens_its_document_alone() -> None:
    books = matcher(*DEBITS)
    batch = line(SUM, "COLLECTION 77")
    books.settle(batch, shares(books.decide(batch)), by_user=False)
    back = of_timber(-5200, "RUECKLASTSCHRIFT", day=24)

    answer = books.decide(back)

    assert posted(answer) == {name("D-1002")}
    books.settle(back, shares(answer), by_user=False)
    still_open = [each.number for each in books.index.documents.values() if each.open]
    assert still_open == ["D-1002"]


def test_a_batch_comes_once() -> None:
    books = matcher(*DEBITS)
    batch = line(SUM, "COLLECTION 77")
    books.settle(batch, shares(books.decide(batch)), by_user=False)

    assert books.decide(line(SUM, "COLLECTION 77", day=21)).verdict == "none"


@pytest.mark.parametrize("amount", [12000, -12000])
@pytest.mark.parametrize("account", [OWN, OWN[4:], "nl91 abna 0417 1643 00"])
def test_a_transfer_between_own_accounts_is_no_payment(amount: int, account: str) -> None:
    books = matcher(invoice("RE-10071", 12000))

    answer = books.decide(line(amount, "savings", counterparty_account=account))

    assert (answer.verdict, answer.proposals) == ("none", ())
    assert "own accounts" in (answer.because or "")


ENTRY = of_timber(12000, "RE-10071", bank_reference="ENTRY-1", account=OWN)


def test_an_entry_that_the_feed_sends_twice_counts_once() -> None:
    books = matcher(invoice("RE-10071", 12000), invoice("RE-10072", 12000))
    books.settle(ENTRY, shares(books.decide(ENTRY)), by_user=False)

    again = books.decide(replace(ENTRY, id=name("again")))
    assert again.verdict == "none"
    assert "before" in (again.because or "")
    for other in (
        replace(ENTRY, id=name("next"), bank_reference="ENTRY-2", texts=("RE-10072",)),
        replace(ENTRY, id=name("day"), booked_on=on(22), texts=("RE-10072",)),
    ):
        assert posted(books.decide(other)) == {name("RE-10072")}


def test_an_entry_that_was_left_undecided_is_known_too_and_may_be_decided_again() -> None:
    books = matcher()
    books.keep(ENTRY, books.decide(ENTRY))
    books.put_document(invoice("RE-10071", 12000))

    assert books.decide(replace(ENTRY, id=name("again"))).verdict == "none"
    assert posted(books.decide(ENTRY)) == {name("RE-10071")}


def test_who_pays_twice_pays_nothing_else() -> None:
    books = matcher(invoice("RE-10071", 12000), invoice("RE-10099", 12000))
    books.settle(ENTRY, shares(books.decide(ENTRY)), by_user=False)

    again = books.decide(of_timber(12000, "RE-10071", day=22))

    assert again.verdict != "post"
