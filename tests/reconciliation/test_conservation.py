"""Whatever is matched and undone, in whatever order: no money comes, none goes, no row overflows.

Rows of one currency are moved by the algebra alone, as the service moves those of the database.
"""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from typing_extensions import override

from payymo_api.reconciliation.rules.algebra import (
    DocumentType,
    Entry,
    credits_made,
    document_moves,
    fits,
    line_moves,
    reversal,
)

MINOR = st.integers(1, 1000)
ON_ACCOUNT: DocumentType = "on_account"
WRITTEN_OFF = {"invoice", "credit_note"}
DOCUMENTS = st.one_of(
    st.tuples(st.sampled_from(["invoice", "credit_note", "payout"]), MINOR),
    st.tuples(st.just("payout"), st.integers(-1000, -1)),
)


class Books(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.amounts: dict[UUID, int] = {}
        self.settled: Counter[UUID] = Counter()
        self.lines: list[UUID] = []
        self.types: dict[UUID, DocumentType] = {}
        self.matches: list[Sequence[Entry]] = []

    @initialize(documents=st.lists(DOCUMENTS, min_size=2, max_size=6))
    def issue(self, documents: list[tuple[DocumentType, int]]) -> None:
        for type, amount in documents:
            self.types[self._row(amount)] = type

    @rule(data=st.data(), credit=st.integers(0, 300))
    def match(self, data: st.DataObject, credit: int) -> None:
        """Match lines old and new with documents; a new line is large enough, an old may not be."""
        new = [self._row(0), self._row(0)]
        lines = st.sampled_from([*self.lines[-3:], *new])
        live = st.sampled_from(sorted(id for id in self.types if self.amounts[id]))
        documents = data.draw(st.lists(live, unique=True, min_size=1, max_size=4))
        entries = [self._entry(data, data.draw(lines), document) for document in documents]
        if credit:
            id = self._row(0)
            entries.append(Entry(new[0], ON_ACCOUNT, id, credit, credit, makes_credit=True))
        for line, move in line_moves(entries).items():
            if line in new:
                left = data.draw(st.integers(0, 300))
                self.amounts[line] = move - left if move < 0 else move + left
                self.lines.append(line)
        if self._move(entries):
            self.matches.append(entries)
        else:
            assert any(entry.line not in new for entry in entries)

    @precondition(lambda self: self.matches)
    @rule(data=st.data())
    def undo(self, data: st.DataObject) -> None:
        """Refused if later matches build on it, as they would leave their bounds."""
        place = data.draw(st.integers(0, len(self.matches) - 1))
        if self._move([reversal(each) for each in self.matches[place]]):
            del self.matches[place]

    @invariant()
    def every_row_stays_within_its_amount(self) -> None:
        for id, amount in self.amounts.items():
            assert 0 <= self.settled[id] <= amount or amount <= self.settled[id] <= 0

    @invariant()
    def money_is_conserved(self) -> None:
        explained = sum(self.settled[id] for id in self.lines)
        paid = self._total("invoice") + self._total("payout") - self._total("credit_note")
        credit = sum(
            self.amounts[id] - self.settled[id] for id in self.types if self._is_credit(id)
        )
        written_off = sum(entry.write_off for match in self.matches for entry in match)
        assert explained == paid + credit - written_off

    @override
    def teardown(self) -> None:
        """All undone at once: nothing is settled, and no credit is left."""
        assert self._move([reversal(entry) for match in self.matches for entry in match])
        assert not any(self.settled.values())
        assert not any(self.amounts[id] for id in self.types if self._is_credit(id))

    def _row(self, amount: int) -> UUID:
        id = UUID(int=len(self.amounts) + 1)
        self.amounts[id] = amount
        return id

    def _is_credit(self, id: UUID) -> bool:
        return self.types[id] == ON_ACCOUNT

    def _total(self, type: DocumentType) -> int:
        return sum(self.settled[id] for id in self.types if self.types[id] == type)

    def _entry(self, data: st.DataObject, line: UUID, document: UUID) -> Entry:
        """Settle what is open of a document, or take back what is settled; or a part of it."""
        settled = self.settled[document]
        type = self.types[document]
        room = data.draw(
            st.sampled_from([each for each in (self.amounts[document] - settled, -settled) if each])
        )
        moved = room if type == "payout" else data.draw(st.sampled_from([room, room - room // 3]))
        written_off = data.draw(st.sampled_from([0, moved // 10])) if type in WRITTEN_OFF else 0
        sign = 1 if type in {"invoice", "payout"} else -1
        amount = sign * (moved - written_off)
        return Entry(line, type, document, amount, amount, sign * written_off)

    def _move(self, entries: Sequence[Entry]) -> bool:
        """Move every row, or none if one would leave its bounds."""
        moves = {**line_moves(entries), **document_moves(entries)}
        made = credits_made(entries)
        after = {id: self.amounts[id] + made.get(id, 0) for id in {**moves, **made}}
        if not all(fits(self.settled[id], moves.get(id, 0), after[id]) for id in after):
            return False
        self.amounts |= after
        self.types |= dict.fromkeys(made, ON_ACCOUNT)
        self.settled.update(moves)
        return True


Books.TestCase.settings = settings(max_examples=100, stateful_step_count=25, deadline=None)
TestBooks = Books.TestCase
