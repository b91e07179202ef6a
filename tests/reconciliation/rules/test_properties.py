"""What holds for any books, in whatever order they were kept."""

import random
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from payymo_api.reconciliation.rules.algebra import Entry, document_move, fits
from payymo_api.reconciliation.rules.matcher import Matcher
from payymo_api.reconciliation.rules.values import (
    Answer,
    Customer,
    Document,
    Line,
    Payout,
    Share,
)
from tests.reconciliation.rules.books import OWN, line, name, on

PEOPLE = [
    Customer(name("a"), ("Nordwald Timber GmbH",), number="C70041"),
    Customer(name("b"), ("Nordwald Bau GmbH", "Nordbau"), accounts=("NL20INGB0001234567",)),
    Customer(name("c"), ("Henrike Oldenburg",), is_person=True),
    Customer(name("d"), ("Henrike Altenburg",), is_person=True),
]
AMOUNTS = [2000, 3000, 5000, 7000, 12000]

documents = st.builds(
    Document,
    id=st.uuids(),
    kind=st.sampled_from(["invoice", "invoice", "invoice", "credit_note"]),
    number=st.integers(70, 89).map("RE-2026-00{}".format),
    currency=st.sampled_from(["EUR", "EUR", "USD"]),
    amount=st.sampled_from(AMOUNTS),
    open=st.just(0),
    issued_on=st.integers(0, 30).map(on),
    due_on=st.none() | st.integers(30, 40).map(on),
    customer=st.sampled_from([None, *(each.id for each in PEOPLE)]),
    direct_debit=st.booleans(),
    collection_on=st.none() | st.just(on(20)),
    void=st.sampled_from([False, False, False, True]),
).flatmap(
    lambda each: st.sampled_from([each.amount, each.amount, each.amount // 2, 0]).map(
        lambda left: replace(each, open=left)
    )
)
payouts = st.builds(
    Payout,
    id=st.uuids(),
    amount=st.sampled_from([*AMOUNTS, -2000]),
    currency=st.just("EUR"),
    arrival_on=st.integers(18, 22).map(on),
)
lines = st.builds(
    line,
    amount=st.sampled_from([*AMOUNTS, 4990, 8000, 9000, 10000, 15000, -2000, -5000, 0]),
    text=st.lists(
        st.sampled_from(
            ["RE-2026-0071", "RE 2026 0072, 74", "0075-78", "Nordwald", "C70041", "Mai", "STRIPE"]
        ),
        max_size=3,
    ).map(" ".join),
    day=st.integers(15, 40),
    counterparty_name=st.sampled_from(
        [None, "NORDWALD TIMBER", "NORDWALD", "H. OLDENBURG", "Henrike Altenburg", "STRANGER"]
    ),
    counterparty_account=st.sampled_from([None, "NL20INGB0001234567", OWN]),
    instructed=st.none() | st.tuples(st.sampled_from(AMOUNTS), st.just("USD")),
)
bank = st.lists(lines, min_size=1, max_size=4, unique_by=lambda each: each.id)
accounts = st.lists(documents, max_size=14, unique_by=lambda each: each.id)


def filled(
    customers: Sequence[Customer], known: Sequence[Document], brought: Sequence[Payout]
) -> Matcher:
    made = Matcher(own_accounts=(OWN,))
    for customer in customers:
        made.put_customer(customer)
    for document in known:
        made.put_document(document)
    for payout in brought:
        made.put_payout(payout)
    return made


def lived(books: Matcher, days: Sequence[Line]) -> list[Answer]:
    """Decide one line after the other, and do what was answered."""
    answers = []
    for each in days:
        answer = books.decide(each)
        if answer.verdict == "post":
            books.settle(each, answer.proposals[0].shares, by_user=False)
        else:
            books.keep(each, answer)
        answers.append(answer)
    return answers


@settings(max_examples=150, deadline=None)
@given(bank, accounts, st.lists(payouts, max_size=3), st.randoms(use_true_random=False))
def test_the_order_in_which_the_books_were_kept_changes_nothing(
    days: list[Line], known: list[Document], brought: list[Payout], dice: random.Random
) -> None:
    shuffled = filled(
        dice.sample(PEOPLE, len(PEOPLE)),
        dice.sample(known, len(known)),
        dice.sample(brought, len(brought)),
    )

    assert lived(shuffled, days) == lived(filled(PEOPLE, known, brought), days)


@settings(max_examples=100, deadline=None)
@given(lines, accounts, st.lists(payouts, max_size=2))
def test_to_decide_changes_nothing(
    asked: Line, known: list[Document], brought: list[Payout]
) -> None:
    books = filled(PEOPLE, known, brought)

    assert books.decide(asked) == books.decide(asked)
    assert books.decide(asked) == filled(PEOPLE, known, brought).decide(asked)


@settings(max_examples=100, deadline=None)
@given(bank, accounts, st.lists(payouts, max_size=2))
def test_what_is_taken_back_is_open_again(
    days: list[Line], known: list[Document], brought: list[Payout]
) -> None:
    books = filled(PEOPLE, known, brought)
    answers = lived(books, days)

    for answer in reversed(answers):
        if answer.verdict == "post":
            books.unsettle(answer.line)

    assert books.index.documents == {each.id: each for each in known}
    assert books.index.payouts == {each.id: each for each in brought}


@settings(max_examples=100, deadline=None)
@given(lines, accounts, st.lists(payouts, max_size=2))
def test_what_was_taken_back_is_not_answered_again(
    asked: Line, known: list[Document], brought: list[Payout]
) -> None:
    books = filled(PEOPLE, known, brought)
    first = books.decide(asked)
    if not first.proposals:
        return
    books.settle(asked, first.proposals[0].shares, by_user=True)
    books.unsettle(asked.id)

    rejected = moved(first.proposals[0].shares)
    for each in books.decide(asked).proposals:
        assert rejected.isdisjoint(moved(each.shares))


def moved(shares: Sequence[Share]) -> set[UUID]:
    return {each.document for each in shares if each.type != "on_account"}


@settings(max_examples=150, deadline=None)
@given(bank, accounts, st.lists(payouts, max_size=2))
def test_answers_are_sound(days: list[Line], known: list[Document], brought: list[Payout]) -> None:
    books = filled(PEOPLE, known, brought)

    for each in days:
        answer = books.decide(each)
        assert answer.line == each.id
        assert len(answer.proposals) <= 5
        assert bool(answer.proposals) == (answer.verdict != "none")
        assert answer.verdict == "post" or answer.because
        chances = [proposal.probability for proposal in answer.proposals]
        assert all(0 <= chance <= 1 for chance in chances)
        assert sum(chances) <= 1 + 1e-9
        assert chances == sorted(chances, reverse=True)
        for proposal in answer.proposals:
            assert proposal.evidence
            check(books, each, proposal.shares)
        lived(books, [each])


def check(books: Matcher, paid: Line, shares: Sequence[Share]) -> None:
    """The bounds of `algebra`: of the line, and of every document."""
    assert fits(0, sum(share.amount for share in shares), paid.amount)
    assert shares
    assert len({(share.type, share.document) for share in shares}) == len(shares)
    for share in shares:
        entry = Entry(
            paid.id,
            share.type,
            share.document,
            share.amount,
            share.document_amount,
            share.write_off,
        )
        assert share.write_off >= 0
        assert share.amount
        document = books.index.documents.get(share.document)
        if document:
            settled = document.amount - document.open
            assert fits(settled, document_move(entry), document.amount)
            assert not document.void
            assert bool(share.write_off) == bool(share.write_off_reason)
        elif share.type == "payout":
            payout = books.index.payouts[share.document]
            assert fits(payout.settled, document_move(entry), payout.amount)
