"""What a tenant's people teach by confirming, correcting and taking back."""

from dataclasses import replace

from payymo_api.reconciliation.rules.matcher import Matcher
from payymo_api.reconciliation.rules.values import Document, Line, Share
from tests.reconciliation.rules.books import (
    BAKERY,
    ids,
    invoice,
    line,
    matcher,
    paid,
    posted,
)

THEIRS = "GB33BUKB20201555555555"
BILLS = [invoice(f"B-100{place}", 10000 + 1700 * place) for place in range(4)]


def from_mother(amount: int, text: str = "danke", day: int = 20) -> Line:
    return line(
        amount, text, day, counterparty_name="Altmark Holding SE", counterparty_account=THEIRS
    )


def whole(document: Document) -> Share:
    return Share("invoice", document.id, document.open, document.open)


def taught() -> Matcher:
    books = matcher(*BILLS)
    said = from_mother(BILLS[0].open)
    assert books.decide(said).verdict != "post"
    books.settle(said, [whole(BILLS[0])], by_user=True)
    return books


def test_a_payer_is_known_once_somebody_has_confirmed_it() -> None:
    assert posted(taught().decide(from_mother(BILLS[1].open, day=21))) == ids("B-1001")


def test_by_account_or_by_name() -> None:
    books = taught()
    amount = BILLS[1].open

    by_account = line(amount, "x", 21, counterparty_account=THEIRS)
    by_text = line(amount, f"iban GB33 BUKB 2020 1555 5555 55 amount {amount}", 21)
    by_name = line(amount, "x", 21, counterparty_name="ALTMARK HOLDING SE")
    for said in (by_account, by_text, by_name):
        assert paid(books.decide(said)) == ids("B-1001")
    assert books.decide(by_account).verdict == "post"


def test_the_past_teaches_without_moving_anything() -> None:
    books = matcher(*BILLS)
    old = invoice("B-0001", 4000, open=0)
    books.put_document(old)
    books.recall(from_mother(4000, day=1), [replace(whole(old), amount=4000, document_amount=4000)])

    assert books.index.documents[old.id] == old
    assert posted(books.decide(from_mother(BILLS[2].open))) == ids("B-1002")


def test_what_is_taken_back_is_unlearnt() -> None:
    books = taught()
    books.unsettle(from_mother(BILLS[0].open).id)

    answer = books.decide(from_mother(BILLS[1].open, day=21))

    assert answer.verdict != "post"
    assert books.memory.of_account(THEIRS).get(BILLS[0].customer, 0) == 0


def test_a_correction_counts_from_then_on() -> None:
    theirs = invoice("C-1001", 10000, customer=BAKERY.id)
    more = invoice("C-1002", 11700, customer=BAKERY.id)
    books = matcher(BILLS[0], BILLS[1], theirs, more)
    said = from_mother(10000)
    books.settle(said, [whole(BILLS[0])], by_user=False)
    books.unsettle(said.id)
    assert BILLS[0].id not in paid(books.decide(said))
    books.settle(said, [whole(theirs)], by_user=True)

    assert posted(books.decide(from_mother(11700, day=21))) == {more.id}


def test_the_line_that_was_taken_apart_is_not_joined_again_but_another_may_be() -> None:
    books = matcher(*BILLS)
    said = line(BILLS[0].open, "B-1000", counterparty_name="NORDWALD TIMBER GMBH")
    books.settle(said, [whole(BILLS[0])], by_user=False)
    books.unsettle(said.id)

    assert BILLS[0].id not in paid(books.decide(said))
    assert paid(books.decide(replace(said, id=BAKERY.id))) == ids("B-1000")


def test_an_account_of_two_customers_is_nobody_s_alone() -> None:
    theirs = invoice("C-1001", 5000, customer=BAKERY.id)
    books = matcher(*BILLS, theirs, invoice("C-1002", BILLS[1].open, customer=BAKERY.id))
    books.settle(from_mother(BILLS[0].open), [whole(BILLS[0])], by_user=True)
    books.settle(from_mother(5000), [whole(theirs)], by_user=True)

    assert books.decide(from_mother(BILLS[1].open, day=21)).verdict == "propose"


def test_what_belongs_nowhere_is_learnt_too() -> None:
    books = matcher(*BILLS)
    for day in range(4):
        tax = line(777 + day, "TAX OFFICE REFUND", day, counterparty_name="Finanzkasse")
        books.settle(tax, (), by_user=True)
    books.settle(from_mother(BILLS[0].open), [whole(BILLS[0])], by_user=True)

    strangeness = books.memory.strangeness
    assert strangeness(["TAX"]) > 0 > strangeness(["DANKE"])
    assert strangeness(["UNHEARD"]) == 0
    assert None in books.memory.of_name("FINANZKASSE")


def test_what_is_left_alone_by_the_engine_teaches_nothing() -> None:
    books = matcher(*BILLS)
    said = from_mother(3)
    books.keep(said, books.decide(said))
    books.settle(said, (), by_user=False)

    assert books.memory.of_account(THEIRS) == {}


def test_no_tenant_knows_what_another_was_taught() -> None:
    assert posted(taught().decide(from_mother(BILLS[1].open, day=21))) == ids("B-1001")

    assert matcher(*BILLS).decide(from_mother(BILLS[1].open, day=21)).verdict != "post"


def test_what_is_taken_back_of_a_line_that_taught_nothing_unlearns_nothing() -> None:
    books = taught()
    left = from_mother(4)
    books.settle(left, (), by_user=False)
    books.unsettle(left.id)

    assert books.memory.of_account(THEIRS) == {BILLS[0].customer: 1}
