"""Money of a known payer that names nothing, or not all: what its amount says."""

from dataclasses import replace
from decimal import Decimal

import pytest

from payymo_api.reconciliation.rules.values import Discount, Policy, Rates, Share
from tests.reconciliation.rules.books import (
    BAKERY,
    FIRST,
    PERSON,
    TIMBER,
    credit_note,
    ids,
    invoice,
    line,
    matcher,
    name,
    of_timber,
    paid,
    posted,
    shares,
)

TERMS = Discount(Decimal(2), 14)
RATES = Rates(FIRST, "EUR", {"EUR": Decimal(1), "USD": Decimal("1.1")})


def test_the_only_document_of_the_amount() -> None:
    books = matcher(invoice("A-1", 48377), invoice("A-2", 22100), invoice("A-3", 9900))

    assert posted(books.decide(of_timber(22100, "danke"))) == ids("A-2")
    assert posted(books.decide(line(22100, "danke", counterparty_account=TIMBER.accounts[0])))
    assert posted(books.decide(line(22100, "NORDWALD TIMBER GMBH THANKS"))) == ids("A-2")


def test_the_amount_alone_is_never_enough() -> None:
    books = matcher(invoice("A-1", 48377))

    assert books.decide(line(48377, "danke")).verdict != "post"
    assert books.decide(line(48377, "x", counterparty_name="SOMEBODY ELSE")).verdict != "post"


def test_of_two_customers_with_like_names_the_payer_s_own_comes_first() -> None:
    sister = replace(BAKERY, id=name("sister"), names=("Nordwald Timber Handels GmbH",))
    books = matcher(
        invoice("A-1", 48377),
        invoice("S-1", 48377, customer=sister.id),
        customers=(TIMBER, sister),
    )

    assert paid(books.decide(of_timber(48377))) == ids("A-1")
    theirs = line(48377, counterparty_name="Nordwald Timber Handels GmbH")
    assert paid(books.decide(theirs)) == ids("S-1")


def test_two_customers_of_one_name_are_left_to_a_person() -> None:
    twin = replace(TIMBER, id=name("twin"), accounts=())
    books = matcher(
        invoice("A-1", 48377), invoice("T-1", 48377, customer=twin.id), customers=(TIMBER, twin)
    )

    answer = books.decide(of_timber(48377))
    assert answer.verdict == "propose"
    assert len(answer.proposals) == 2


@pytest.mark.parametrize(
    ("amount", "day", "rest", "reason"),
    [
        (47409, 12, 968, "discount"),
        (48350, 30, 27, "rounding"),
        (47877, 30, 500, "fee"),
    ],
)
def test_a_named_document_is_closed_with_what_is_missing(
    amount: int, day: int, rest: int, reason: str
) -> None:
    books = matcher(invoice("RE-10071", 48377, discount=TERMS), invoice("RE-10072", 9900))

    answer = books.decide(of_timber(amount, "RE-10071", day=day))

    assert posted(answer) == ids("RE-10071")
    assert (shares(answer)[0].write_off, shares(answer)[0].write_off_reason) == (rest, reason)


def test_no_more_is_written_off_than_the_tenant_allows() -> None:
    strict = Policy(write_off_limits={"fee": 499})
    books = matcher(invoice("RE-10071", 48377), policy=strict)

    answer = books.decide(of_timber(47877, "RE-10071"))

    assert answer.verdict == "propose"
    assert "fee" in (answer.because or "")
    assert "settings" in (answer.to_change or "")


def test_a_discount_taken_too_late_is_not_written_off() -> None:
    books = matcher(invoice("RE-10071", 100000, discount=TERMS))

    answer = books.decide(of_timber(98000, "RE-10071", day=30))

    assert all(share.write_off == 0 for each in answer.proposals for share in each.shares)


def test_a_part_and_its_rest() -> None:
    books = matcher(invoice("RE-10071", 48377), invoice("RE-10072", 9900))
    first = of_timber(20000, "RE-10071 Teilzahlung")
    answer = books.decide(first)

    assert posted(answer) == ids("RE-10071")
    books.settle(first, shares(answer), by_user=False)
    assert posted(books.decide(of_timber(28377, "Rest", day=25))) == ids("RE-10071")


def test_too_much_becomes_a_credit() -> None:
    books = matcher(invoice("RE-10071", 48377))

    answer = books.decide(of_timber(50000, "RE-10071"))

    assert shares(answer) == (
        Share("invoice", name("RE-10071"), 48377, 48377),
        Share("on_account", TIMBER.id, 1623, 1623),
    )


def test_what_the_payer_ordered_in_the_document_s_currency() -> None:
    books = matcher(invoice("U-10071", 110000, currency="USD"), invoice("U-10072", 90000))
    said = of_timber(99731, "U-10071", instructed=(110000, "USD"))

    answer = books.decide(said)

    assert posted(answer) == ids("U-10071")
    assert shares(answer) == (Share("invoice", name("U-10071"), 99731, 110000),)


def test_a_named_document_of_another_currency_at_about_the_day_s_rate() -> None:
    books = matcher(invoice("U-10071", 110000, currency="USD"))
    books.put_rates(RATES)

    assert paid(books.decide(of_timber(99100, "U-10071"))) == ids("U-10071")
    assert books.decide(of_timber(60000, "U-10071")).verdict != "post"


ODD = [invoice(f"N-{place}", amount, place) for place, amount in enumerate((31013, 45177, 12091))]


def test_several_documents_are_paid_at_once() -> None:
    books = matcher(*ODD, invoice("N-9", 77700, 3))

    assert posted(books.decide(of_timber(31013 + 12091))) == ids("N-0", "N-2")
    assert posted(books.decide(of_timber(31013 + 45177, "N-0 N-1"))) == ids("N-0", "N-1")


def test_the_whole_balance() -> None:
    answer = matcher(*ODD).decide(of_timber(31013 + 45177 + 12091))

    assert posted(answer) == ids("N-0", "N-1", "N-2")
    assert "balance" in {each.code for each in answer.proposals[0].evidence}


def test_a_credit_note_is_taken_off() -> None:
    note = credit_note("G-7", 4013, 4)
    answer = matcher(*ODD, note).decide(of_timber(31013 - 4013))

    assert set(shares(answer)) == {
        Share("invoice", name("N-0"), 31013, 31013),
        Share("credit_note", note.id, -4013, -4013),
    }
    assert answer.verdict == "post"


def test_several_sums_are_left_to_a_person() -> None:
    amounts = (10000, 20000, 30000, 40000)
    books = matcher(*(invoice(f"N-{each}", each) for each in amounts))

    answer = books.decide(of_timber(50000))

    assert answer.verdict == "propose"
    assert paid(answer) in (ids("N-10000", "N-40000"), ids("N-20000", "N-30000"))


def test_a_person_known_by_an_initial_is_not_enough_for_a_stranger_s_amount() -> None:
    other = replace(PERSON, id=name("other"), names=("Helga Oldenburg",))
    books = matcher(
        invoice("P-1", 7777, customer=PERSON.id),
        invoice("P-2", 7777, customer=other.id),
        customers=(PERSON, other),
    )

    assert books.decide(line(7777, counterparty_name="H. OLDENBURG")).verdict == "propose"


def test_what_nothing_speaks_for_is_left_alone() -> None:
    books = matcher(*ODD)

    for said in (
        line(50133, "CARD 4411 SUPERMARKET"),
        line(-50133, "SALARY MAY", counterparty_name="Jo Black"),
        line(1234, "INTEREST"),
    ):
        answer = books.decide(said)
        assert (answer.verdict, answer.proposals) == ("none", ())
        assert answer.because


def test_money_that_came_before_the_document_has_to_name_it() -> None:
    books = matcher(invoice("RE-2026-0417", 48377, day=24))

    assert posted(books.decide(of_timber(48377, "RE-2026-0417", day=0))) == ids("RE-2026-0417")
    assert books.decide(of_timber(48377, "danke", day=0)).verdict == "none"
