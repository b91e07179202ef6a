"""Money that goes out: refunds, payments that return, and all the rest."""

from dataclasses import replace

import pytest

from payymo_api.reconciliation.rules.matcher import Matcher
from payymo_api.reconciliation.rules.values import Line, Policy, Share
from tests.reconciliation.rules.books import (
    BAKERY,
    IBAN,
    TIMBER,
    credit_note,
    invoice,
    line,
    matcher,
    name,
    of_timber,
    posted,
    shares,
)

DUE = invoice("RE-10071", 48377)
PAID = of_timber(48377, "RE-10071")


def having_paid(policy: Policy | None = None) -> Matcher:
    books = matcher(DUE, invoice("RE-10072", 12000), policy=policy)
    books.settle(PAID, shares(books.decide(PAID)), by_user=False)
    return books


@pytest.mark.parametrize(
    "back",
    [
        of_timber(-48377, "RETURN RE-10071", day=23),
        of_timber(-48377, "RUECKLASTSCHRIFT", day=23),
    ],
)
def test_a_payment_that_returns_opens_its_document_again(back: Line) -> None:
    books = having_paid()

    answer = books.decide(back)

    assert posted(answer) == {DUE.id}
    assert shares(answer) == (Share("invoice", DUE.id, -48377, -48377),)
    books.settle(back, shares(answer), by_user=False)
    assert books.index.documents[DUE.id] == DUE
    again = of_timber(48377, "RE-10071", day=25)
    assert posted(books.decide(again)) == {DUE.id}


def test_a_return_that_is_taken_back_leaves_the_document_paid() -> None:
    books = having_paid()
    back = of_timber(-48377, "RETURN RE-10071", day=23)
    books.settle(back, shares(books.decide(back)), by_user=False)
    books.unsettle(back.id)

    assert books.index.documents[DUE.id].open == 0
    assert books.decide(back).proposals == ()


def test_nothing_returns_that_never_came() -> None:
    answer = matcher(DUE).decide(of_timber(-48377, "RETURN RE-10071"))

    assert answer.verdict == "none"


def test_no_more_returns_than_came() -> None:
    books = matcher(replace(DUE, open=40000))

    assert books.decide(of_timber(-48377, "RETURN RE-10071")).verdict == "none"
    assert posted(books.decide(of_timber(-8377, "RETURN RE-10071"))) == {DUE.id}


def test_a_credit_note_is_paid_back() -> None:
    note = credit_note("G-2001", 3300)
    books = matcher(note, DUE)
    refund = line(-3300, "REFUND", counterparty_name="NORDWALD TIMBER GMBH")

    answer = books.decide(refund)

    assert posted(answer) == {note.id}
    assert shares(answer) == (Share("credit_note", note.id, -3300, -3300),)
    books.settle(refund, shares(answer), by_user=False)
    assert books.index.documents[note.id].open == 0
    assert books.decide(replace(refund, id=name("again"))).verdict == "none"


def test_equal_payments_of_two_customers_return_to_whom_they_came_from() -> None:
    other = invoice("RE-10073", 48377, customer=BAKERY.id)
    books = matcher(DUE, other)
    for said in (PAID, line(48377, "RE-10073", counterparty_name="BACKHAUS SOMMERFELD KG")):
        books.settle(said, shares(books.decide(said)), by_user=False)

    back = line(-48377, "RETURN", day=23, counterparty_name="BACKHAUS SOMMERFELD KG")
    assert posted(books.decide(back)) == {other.id}


def test_two_that_may_have_returned_are_left_to_a_person_however_bold_the_settings() -> None:
    bold = Policy(least_probability=0.3, least_margin=0.2)
    twin = invoice("RE-10074", 48377)
    books = matcher(DUE, twin, policy=bold)
    for number in ("RE-10071", "RE-10074"):
        said = of_timber(48377, number)
        books.settle(said, shares(books.decide(said)), by_user=False)

    answer = books.decide(of_timber(-48377, "RETURN", day=23))

    assert answer.verdict == "propose"
    assert {each.shares[0].document for each in answer.proposals} == {DUE.id, twin.id}


@pytest.mark.parametrize(
    "said",
    [
        line(-48377, "SALARY", counterparty_name="Jo Black"),
        line(-12000, "RENT OFFICE", counterparty_name="City Estates"),
        line(-48377, "NORDWALD SUPPLIES INVOICE 99", counterparty_account="GB33BUKB20201555555555"),
    ],
)
def test_what_the_tenant_itself_pays_is_left_alone(said: Line) -> None:
    assert matcher(DUE, invoice("RE-10072", 12000)).decide(said).verdict == "none"


def test_money_out_teaches_nobody_s_account() -> None:
    books = having_paid()
    supplier = "GB33BUKB20201555555555"
    back = line(-48377, "RE-10071 returned", day=23, counterparty_account=supplier)
    books.settle(back, shares(books.decide(back)), by_user=True)

    assert books.memory.of_account(supplier) == {}
    assert TIMBER.accounts == (IBAN,)
