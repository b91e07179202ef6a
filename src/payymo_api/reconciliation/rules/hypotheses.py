"""What money in may be for: sets of documents, each with all that speaks for and against it."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from payymo_api.reconciliation.rules import closing
from payymo_api.reconciliation.rules.closing import Closing, Fit
from payymo_api.reconciliation.rules.index import Index
from payymo_api.reconciliation.rules.memory import Memory
from payymo_api.reconciliation.rules.numbering import Named, damaged, document_keys, numbering
from payymo_api.reconciliation.rules.payer import Grade, Payers
from payymo_api.reconciliation.rules.plain import compact
from payymo_api.reconciliation.rules.reading import Reading
from payymo_api.reconciliation.rules.sets import MOST_AMOUNTS, subsets
from payymo_api.reconciliation.rules.values import Document, Line, Rates

_MOST_ALIKE = 40
"""Of more documents with the same open amount, only those are looked at for which more speaks."""
_MOST_PAYERS = 3
_MOST_RESTS = 4
_MOST_NAMED = 40


@dataclass(slots=True)
class Hypothesis:
    """These documents, closed so."""

    documents: tuple[Document, ...]
    how: Closing
    ways: int = 1
    """How many sets of the customer's documents have this sum (counted to 3)."""
    balance: bool = False
    """They are all that the customer owes."""
    doubt: str | None = None
    """Why a person has to decide, however likely it is."""
    features: list[str] = field(default_factory=list)

    @property
    def customer(self) -> UUID | None:
        return self.documents[0].customer


@dataclass(frozen=True, slots=True)
class Scene:
    """A line with everything found for it."""

    reading: Reading
    payers: Payers
    named: dict[UUID, Named]
    """Open documents that the text names, and how."""
    paid: tuple[Document, ...]
    """Documents that it names whole, of which nothing is open."""
    ordered: frozenset[UUID]
    """Documents whose order it names."""
    reserved: frozenset[UUID]
    """Documents that are proposed for another line."""

    @property
    def line(self) -> Line:
        return self.reading.line


class Hypotheses:
    """All sets of documents that the line may be for."""

    def __init__(self, index: Index, memory: Memory, rates: Rates | None) -> None:
        self._index = index
        self._memory = memory
        self._rates = rates

    def scene(self, reading: Reading, payers: Payers, hits: "Hits", reserved: frozenset[UUID]) -> Scene:
        return Scene(
            reading, payers, hits.open, tuple(hits.paid), frozenset(hits.ordered), reserved
        )

    def of(self, scene: Scene) -> list[Hypothesis]:
        found: dict[frozenset[UUID], Hypothesis] = {}
        for each in (*self._named(scene), *self._alike(scene), *self._owed(scene)):
            ids = frozenset(document.id for document in each.documents)
            known = found.get(ids)
            if known is None:
                found[ids] = each
            else:
                known.ways = max(known.ways, each.ways)
                known.balance = known.balance or each.balance
        line = scene.line.id
        return [
            each
            for ids, each in found.items()
            if not any(self._memory.apart(line, document) for document in ids)
        ]

    def _single(self, scene: Scene, document: Document) -> Iterator[Hypothesis]:
        if document.kind == "invoice" and document.issued_on <= scene.line.booked_on:
            how = closing.closing(scene.line, document, self._rates)
            if how:
                yield Hypothesis((document,), how)

    def _named(self, scene: Scene) -> Iterator[Hypothesis]:
        by_customer: dict[UUID | None, list[Document]] = {}
        for id, how in scene.named.items():
            if how >= Named.NEAR:
                document = self._index.documents[id]
                by_customer.setdefault(document.customer, []).append(document)
        for id in scene.ordered:
            document = self._index.documents[id]
            by_customer.setdefault(document.customer, []).append(document)
        for customer, documents in by_customer.items():
            unique = list({each.id: each for each in documents}.values())[:_MOST_NAMED]
            for each in unique:
                yield from self._single(scene, each)
            if customer:
                yield from self._sets(scene, customer, unique)

    def _alike(self, scene: Scene) -> Iterator[Hypothesis]:
        line = scene.line
        amounts = [(line.currency, line.amount)]
        if line.instructed:
            amounts.append((line.instructed[1], line.instructed[0]))
        for currency, amount in amounts:
            owed = self._index.owed(currency, amount)
            if len(owed) <= _MOST_ALIKE:
                for id in owed:
                    yield from self._single(scene, self._index.documents[id])

    def _owed(self, scene: Scene) -> Iterator[Hypothesis]:
        """What the likeliest payers owe."""
        for customer in scene.payers.best(_MOST_PAYERS, Grade.INITIAL):
            documents = self._index.open_of(customer)
            singles = [each for document in documents for each in self._single(scene, document)]
            fitting = [each for each in singles if each.how.fit not in {Fit.PART, Fit.OVER}]
            yield from fitting
            yield from self._sets(scene, customer, ())
            yield from _rests(singles)

    def _sets(
        self, scene: Scene, customer: UUID, named: Sequence[Document]
    ) -> Iterator[Hypothesis]:
        """Sets of a customer's documents with exactly the line's sum."""
        line = scene.line
        documents = [
            each
            for each in self._index.open_of(customer)
            if each.currency == line.currency and each.issued_on <= line.booked_on
        ]
        if len(documents) < 2:
            return
        total = sum(_signed(each) for each in documents)
        if total == line.amount:
            yield Hypothesis(tuple(documents), Closing(Fit.EXACT), balance=True)
        whole = [each for each in named if each in documents]
        if len(whole) > 1:
            yield from self._sum(scene, whole)
        pool = _pool(documents, whole)
        amounts = [_signed(each) for each in pool]
        if named and len(whole) < len(pool):
            forced = [place for place, each in enumerate(pool) if each in whole]
            sets = subsets(amounts, line.amount, most=3, forced=forced)
        else:
            sets = subsets(amounts, line.amount, most=3)
        larger = [each for each in sets if len(each) > 1]
        for places in larger:
            yield Hypothesis(
                tuple(pool[place] for place in places), Closing(Fit.EXACT), ways=len(sets)
            )

    def _sum(self, scene: Scene, documents: Sequence[Document]) -> Iterator[Hypothesis]:
        """All that is named, if its sum is the line's, discounts taken where they are due."""
        line = scene.line
        if sum(_signed(each) for each in documents) == line.amount:
            yield Hypothesis(tuple(documents), Closing(Fit.EXACT))


def _pool(documents: Sequence[Document], named: Collection[Document]) -> list[Document]:
    """Return at most as many as sets can be looked for among: the named and the oldest."""
    ordered = sorted(documents, key=lambda each: (each not in named, age(each), each.number))
    return ordered[:MOST_AMOUNTS]


def _signed(document: Document) -> int:
    return -document.open if document.kind == "credit_note" else document.open


def age(document: Document) -> tuple[str, str]:
    return (document.issued_on.isoformat(), (document.due_on or document.issued_on).isoformat())


def _rests(singles: Iterable[Hypothesis]) -> Iterator[Hypothesis]:
    """The oldest that more or less was paid of: those nearest the amount first."""
    parts = sorted((each for each in singles if each.how.fit is Fit.PART), key=lambda each: age(each.documents[0]))
    overs = sorted((each for each in singles if each.how.fit is Fit.OVER), key=lambda each: -each.documents[0].open)
    yield from parts[:_MOST_RESTS]
    yield from overs[:_MOST_RESTS]


@dataclass(slots=True)
class Hits:
    """Documents that the text names, by key."""

    open: dict[UUID, Named] = field(default_factory=dict)
    paid: list[Document] = field(default_factory=list)
    ordered: set[UUID] = field(default_factory=set)


def hits(reading: Reading, index: Index) -> Hits:
    """Look the line's numbers up; a number within a longer one that hits too doesn't count."""
    found = Hits()
    spans: list[tuple[int, int, int]] = []
    hit = [key for key in reading.keys if index.named(key) or index.ordered(key)]
    for key in hit:
        stretch = reading.keys[key]
        spans.append((stretch.text, stretch.start, stretch.end))
    for key in hit:
        stretch = reading.keys[key]
        inside = any(
            text == stretch.text
            and start <= stretch.start
            and stretch.end <= end
            and end - start > stretch.end - stretch.start
            for text, start, end in spans
        )
        if inside:
            continue
        for document in index.named(key):
            how = document_keys(document)[key]
            if document.open and not document.void:
                found.open[document.id] = max(how, found.open.get(document.id, how))
            elif how >= Named.DIGITS:
                found.paid.append(document)
        found.ordered.update(each.id for each in index.ordered(key) if each.open)
    return found


def listed(reading: Reading, documents: Iterable[Document], heads: Collection[Document]) -> set[UUID]:
    """Return the documents that a list names by their last digits: "4711-15, 18" after 4711.

    `heads` are those named whole; the list's further numbers share their beginning.
    """
    found: set[UUID] = set()
    tails = _tails(reading, heads)
    if not tails:
        return found
    beginnings = {numbering(each.number).whole for each in heads}
    for document in documents:
        whole = numbering(document.number).whole
        for beginning in beginnings:
            if len(beginning) == len(whole) and whole != beginning and any(
                whole.endswith(tail) and whole[: -len(tail)] == beginning[: -len(tail)] for tail in tails
            ):
                found.add(document.id)
    return found


def _tails(reading: Reading, heads: Collection[Document]) -> set[str]:
    """Return short numbers that follow a whole one in the same text, ranges spelt out."""
    tails: set[str] = set()
    for head in heads:
        stretch = reading.keys.get(numbering(head.number).whole)
        if stretch is None:
            continue
        tails.update(
            digits
            for text, start, digits in reading.numbers
            if text == stretch.text and start >= stretch.end and 2 <= len(digits) <= 5
        )
    return tails
