from dataclasses import replace
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from payymo_api.reconciliation.rules.algebra import (
    DocumentType,
    Entry,
    credits_made,
    document_move,
    document_moves,
    fits,
    line_moves,
    reversal,
)

LINES = [UUID(int=number) for number in range(1, 4)]
KINDS: tuple[DocumentType, ...] = ("invoice", "credit_note", "payout", "on_account")


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    kind = draw(st.sampled_from(KINDS))
    amount = draw(st.integers(-(10**15), 10**15).filter(bool))
    document = UUID(int=100 * (1 + KINDS.index(kind)) + draw(st.integers(0, 3)))
    return Entry(
        line=draw(st.sampled_from(LINES)),
        document_type=kind,
        document=document,
        amount=amount,
        document_amount=amount,
        write_off=0 if kind == "on_account" else draw(st.integers(-(10**6), 10**6)),
        makes_credit=kind == "on_account" and amount > 0,
    )


@given(st.lists(entries()))
def test_money_is_conserved(found: list[Entry]) -> None:
    moved = sum(line_moves(found).values())
    settled = sum(document_move(each) for each in found if each.document_type == "invoice")
    paid_out = sum(document_move(each) for each in found if each.document_type == "payout")
    noted = sum(document_move(each) for each in found if each.document_type == "credit_note")
    used = sum(document_move(each) for each in found if each.document_type == "on_account")
    made = sum(each.amount for each in found if each.makes_credit)
    written_off = sum(each.write_off for each in found)

    assert moved == settled + paid_out - noted + made - used - written_off


@given(st.lists(entries(), min_size=1))
def test_moves_are_the_sums_of_their_allocations(found: list[Entry]) -> None:
    for id, move in line_moves(found).items():
        assert move == sum(each.amount for each in found if each.line == id)
    for id, move in document_moves(found).items():
        parts = [each for each in found if each.document == id and not each.makes_credit]
        assert move == sum(document_move(each) for each in parts)
    assert credits_made(found).keys() == {each.document for each in found if each.makes_credit}


@given(st.lists(entries(), min_size=1), st.integers(-(10**15), 10**15))
def test_undoing_negates_every_move_in_either_currency(found: list[Entry], foreign: int) -> None:
    match = [*found, replace(found[0], document_amount=foreign)]
    undoing = [reversal(each) for each in match]

    assert not any(line_moves([*match, *undoing]).values())
    assert not any(document_moves([*match, *undoing]).values())
    assert [reversal(each) for each in undoing] == match


@given(st.integers(), st.integers(), st.integers())
def test_a_row_stays_between_nothing_and_its_amount(settled: int, move: int, amount: int) -> None:
    inside = 0 <= settled + move <= amount or amount <= settled + move <= 0

    assert fits(settled, move, amount) == inside


def test_a_write_off_settles_without_money() -> None:
    entry = Entry(LINES[0], "invoice", UUID(int=9), 9700, 9700, 300, "discount")

    assert line_moves([entry]) == {LINES[0]: 9700}
    assert document_moves([entry]) == {UUID(int=9): 10000}
