"""The past in the order of its days, decided line by line as life would have had it.

A document is known from its issue date on, a bank line on its booking day. Where the past is known,
somebody settles a line that was not posted two days later, and takes a wrong posting back after
fourteen. Nothing that came later is known to a decision.
"""

import dataclasses
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Protocol
from uuid import UUID

from payymo_api.backtest.past import Past
from payymo_api.backtest.shares import shares_of
from payymo_api.reconciliation.rules.values import Answer, Customer, Document, Line, Share

ANSWERED_AFTER = timedelta(days=2)
CORRECTED_AFTER = timedelta(days=14)


class Engine(Protocol):
    """What of `reconciliation.rules.matcher.Matcher` a replay needs."""

    def put_customer(self, customer: Customer) -> None: ...
    def put_document(self, document: Document) -> None: ...
    def decide(self, line: Line) -> Answer: ...
    def keep(self, line: Line, answer: Answer) -> None: ...
    def settle(self, line: Line, shares: Sequence[Share], *, by_user: bool) -> None: ...
    def unsettle(self, line_id: UUID) -> None: ...
    def recall(self, line: Line, shares: Sequence[Share]) -> None: ...


@dataclass(frozen=True, slots=True)
class Decided:
    """`right`: whether the first proposal is what the past says; None where it does not say.

    `rank`: the place of the right proposal, from 1; None if it is not among them.
    """

    line: Line
    answer: Answer
    known: Sequence[UUID] | None
    right: bool | None
    rank: int | None


def documents_of(shares: Iterable[Share]) -> frozenset[UUID]:
    return frozenset(each.document for each in shares if each.type != "on_account")


def replay(past: Past, engine: Engine) -> list[Decided]:
    return _Replay(past, engine).run()


class _Replay:
    def __init__(self, past: Past, engine: Engine) -> None:
        self._past, self._engine = past, engine
        self._lines = {each.id: each for each in past.lines}
        self._documents = {each.id: each for each in past.books.documents}
        self._open = {each.id: each.open for each in past.books.documents}
        self._payers = _payers(past)
        self._closed: set[UUID] = set()
        self._settled: dict[UUID, Sequence[Share]] = {}
        self._later: defaultdict[date, list[Callable[[], None]]] = defaultdict(list)

    def run(self) -> list[Decided]:
        for customer in self._past.books.customers:
            self._engine.put_customer(customer)
        for id, day in _closings(self._past, self._payers).items():
            self._later[day].append(partial(self._close, id))
        coming = deque(sorted(self._past.books.documents, key=lambda each: each.issued_on))
        decided, today = [], date.min
        for line in self._past.lines:
            if line.booked_on != today:
                today = line.booked_on
                while coming and coming[0].issued_on <= today:
                    self._engine.put_document(coming.popleft())
                self._catch_up(today)
            decided.append(self._decide(line))
        return decided

    def _catch_up(self, today: date) -> None:
        for day in sorted(each for each in self._later if each <= today):
            for news in self._later.pop(day):
                news()

    def _decide(self, line: Line) -> Decided:
        answer = self._engine.decide(line)
        self._engine.keep(line, answer)
        decided = self._judged(line, answer)
        if answer.verdict == "post":
            self._settle(line, answer.proposals[0].shares, by_user=False)
            if decided.right is False:
                self._later[line.booked_on + CORRECTED_AFTER].append(partial(self._correct, line))
        elif decided.known is not None:
            self._later[line.booked_on + ANSWERED_AFTER].append(partial(self._confirm, line))
        return decided

    def _judged(self, line: Line, answer: Answer) -> Decided:
        """A line is judged if the past names it, or names other lines for what was posted."""
        known = self._past.known.get(line.id)
        offered = [documents_of(each.shares) for each in answer.proposals]
        if known is None:
            taken = answer.verdict == "post" and any(self._is_taken(line, id) for id in offered[0])
            return Decided(line, answer, None, False if taken else None, None)
        wanted = frozenset(known)
        rank = offered.index(wanted) + 1 if wanted in offered else None
        return Decided(line, answer, known, rank == 1 if offered else not wanted, rank)

    def _is_taken(self, line: Line, document: UUID) -> bool:
        """Tell whether other lines are known to have paid it, and not one that is just the same."""
        payers = [self._lines[each] for each in self._payers.get(document, ())]
        return bool(payers) and _look(line) not in map(_look, payers)

    def _confirm(self, line: Line) -> None:
        """Settle what is still open; where nothing is, there is only something to learn."""
        documents = [self._documents[each] for each in self._past.known[line.id]]
        shares = shares_of(line, documents, self._open)
        if documents and not shares:
            self._engine.recall(line, [Share("invoice", documents[0].id, line.amount, line.amount)])
        else:
            self._settle(line, shares, by_user=True)

    def _settle(self, line: Line, shares: Sequence[Share], *, by_user: bool) -> None:
        self._engine.settle(line, shares, by_user=by_user)
        self._settled[line.id] = shares
        self._move(shares, 1)

    def _correct(self, line: Line) -> None:
        """Take a wrong posting back; what the billing system knows as paid stays so."""
        shares = self._settled.pop(line.id)
        self._engine.unsettle(line.id)
        self._move(shares, -1)
        for id in documents_of(shares) & self._closed:
            self._close(id)
        if line.id in self._past.known:
            self._confirm(line)

    def _move(self, shares: Iterable[Share], direction: int) -> None:
        for share in shares:
            if document := self._documents.get(share.document):
                sign = -1 if document.kind == "invoice" else 1
                moved = sign * (share.document_amount + share.write_off)
                self._open[document.id] += direction * moved

    def _close(self, id: UUID) -> None:
        self._closed.add(id)
        self._open[id] = 0
        self._engine.put_document(dataclasses.replace(self._documents[id], open=0))


def _look(line: Line) -> tuple[object, ...]:
    """What nobody can tell a line from its twin by."""
    words = (line.texts, line.counterparty_name, line.counterparty_account)
    return (line.booked_on, line.amount, line.currency, *words)


def _payers(past: Past) -> Mapping[UUID, AbstractSet[UUID]]:
    """Return document -> the lines that are known to have settled it."""
    found: defaultdict[UUID, set[UUID]] = defaultdict(set)
    for line, documents in past.known.items():
        for document in documents:
            found[document].add(line)
    return dict(found)


def _closings(past: Past, payers: Mapping[UUID, AbstractSet[UUID]]) -> dict[UUID, date]:
    """Return when a paid document is closed, whatever paid it: after its day and its known lines,
    so that these find it open.
    """
    booked = {line.id: line.booked_on for line in past.lines}
    found = {}
    for document in past.books.documents:
        if document.id not in past.books.paid:
            continue
        days = [booked[line] + ANSWERED_AFTER for line in payers.get(document.id, ())]
        if told := past.books.closed_on.get(document.id):
            days.append(told)
        if days:
            found[document.id] = max(*days, document.issued_on) + timedelta(days=1)
    return found
