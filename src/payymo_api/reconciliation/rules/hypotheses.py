"""What money in may be for: documents that it names, that fit its amount, that its payer owes."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date
from uuid import UUID

from payymo_api.reconciliation.rules.closing import Closing, Fit, closing
from payymo_api.reconciliation.rules.index import Index
from payymo_api.reconciliation.rules.numbering import Named
from payymo_api.reconciliation.rules.payer import Grade
from payymo_api.reconciliation.rules.reading import Reading
from payymo_api.reconciliation.rules.scene import Hypothesis, Scene, listed
from payymo_api.reconciliation.rules.sets import MOST_AMOUNTS, subsets
from payymo_api.reconciliation.rules.values import Document, Line, Rates

MOST_ALIKE = 40
"""Of more documents with the same open amount, only those count for which more speaks."""
MOST_PAYERS = 3
_MOST_RESTS = 4
_MOST_NAMED = 40
_MOST_SETS = 3
_RESTS = {Fit.PART, Fit.OVER, Fit.FOREIGN}
"""What any amount makes of any document: it takes more to think of them."""


def hypotheses(scene: Scene, index: Index, rates: Rates | None) -> list[Hypothesis]:
    """Return every set of documents that the line may be for, each once."""
    sets = Sets(scene.line, index)
    found: dict[frozenset[UUID], Hypothesis] = {}
    for each in (
        *_named(scene, index, rates, sets),
        *_alike(scene.line, index, rates),
        *_owed(scene, index, rates, sets),
    ):
        known = found.setdefault(each.ids, each)
        if each.balance and not known.balance:
            found[each.ids] = each
    return list(found.values())


def age(document: Document) -> tuple[date, date, str, UUID]:
    """Order documents by their issue, the oldest first."""
    return (
        document.issued_on,
        document.due_on or document.issued_on,
        document.number,
        document.id,
    )


def _single(line: Line, document: Document, rates: Rates | None) -> Iterator[Hypothesis]:
    if document.kind == "invoice":
        yield Hypothesis((document,), closing(line, document, rates))


def _issued(line: Line, document: Document, rates: Rates | None) -> Iterator[Hypothesis]:
    """Money that came before the document was for something else, unless it names it."""
    if document.issued_on <= line.booked_on:
        yield from _single(line, document, rates)


def _named(scene: Scene, index: Index, rates: Rates | None, sets: "Sets") -> Iterator[Hypothesis]:
    named = {id for id, how in scene.hits.open.items() if how >= Named.NEAR}
    by_customer: dict[UUID | None, list[Document]] = {}
    for id in sorted({*named, *scene.hits.ordered}):
        document = index.documents[id]
        by_customer.setdefault(document.customer, []).append(document)
    for customer, documents in by_customer.items():
        for each in documents[:_MOST_NAMED]:
            yield from _single(scene.line, each, rates)
        if customer:
            yield from sets.of(customer, documents[:_MOST_NAMED])
            yield from sets.listed(customer, documents[:_MOST_NAMED], scene.reading)


def _alike(line: Line, index: Index, rates: Rates | None) -> Iterator[Hypothesis]:
    """Whatever has the line's amount open, or the one that the payer ordered."""
    for amount, currency in ((line.amount, line.currency), line.instructed or (0, "")):
        owed = index.owed(currency, amount)
        if len(owed) <= MOST_ALIKE:
            for id in owed:
                yield from _issued(line, index.documents[id], rates)


def _owed(scene: Scene, index: Index, rates: Rates | None, sets: "Sets") -> Iterator[Hypothesis]:
    """What the likeliest payers owe."""
    for customer in scene.payers.best(MOST_PAYERS, Grade.INITIAL):
        singles = [
            each
            for document in index.open_of(customer)
            for each in _issued(scene.line, document, rates)
        ]
        yield from (each for each in singles if each.how.fit not in _RESTS)
        yield from sets.of(customer, ())
        yield from _rests(singles)


def _rests(singles: Sequence[Hypothesis]) -> Iterator[Hypothesis]:
    """Where nothing fits: the oldest of which it is a part, and the largest that it exceeds."""
    parts = [each for each in singles if each.how.fit is Fit.PART]
    overs = [each for each in singles if each.how.fit is Fit.OVER]
    yield from sorted(parts, key=lambda each: age(each.documents[0]))[:_MOST_RESTS]
    yield from sorted(overs, key=lambda each: (-each.documents[0].open, age(each.documents[0])))[
        :_MOST_RESTS
    ]


class Sets:
    """Several documents of one customer with exactly the line's sum."""

    def __init__(self, line: Line, index: Index) -> None:
        self._line = line
        self._index = index

    def of(self, customer: UUID, named: Collection[Document]) -> Iterator[Hypothesis]:
        """Sets of all open documents, of the named ones, and of some with the named among them."""
        documents = self._owed(customer)
        if len(documents) == 1:
            return
        whole = [each for each in documents if each in named]
        yield from self._exact(documents, balance=True)
        yield from self._exact(whole)
        yield from self._some(documents, whole)

    def listed(
        self, customer: UUID, heads: Sequence[Document], reading: Reading
    ) -> Iterator[Hypothesis]:
        """The named ones, with those that the text lists by their last digits."""
        owed = self._owed(customer)
        others = listed(reading, owed, heads)
        if others:
            ids = others.union(each.id for each in heads)
            yield from self._exact([each for each in owed if each.id in ids])

    def _owed(self, customer: UUID) -> list[Document]:
        return sorted(
            (
                each
                for each in self._index.open_of(customer)
                if each.currency == self._line.currency and each.issued_on <= self._line.booked_on
            ),
            key=age,
        )

    def _exact(
        self, documents: Sequence[Document], *, balance: bool = False
    ) -> Iterator[Hypothesis]:
        if len(documents) > 1 and sum(map(signed, documents)) == self._line.amount:
            yield Hypothesis(tuple(documents), Closing(Fit.EXACT), balance=balance)

    def _some(
        self, documents: Sequence[Document], named: Sequence[Document]
    ) -> Iterator[Hypothesis]:
        pool = [*named, *(each for each in documents if each not in named)][:MOST_AMOUNTS]
        forced = range(len(named)) if len(named) < len(pool) else ()
        for places in subsets(
            [signed(each) for each in pool], self._line.amount, most=_MOST_SETS, forced=forced
        ):
            if len(places) > 1:
                chosen = sorted((pool[place] for place in places), key=age)
                yield Hypothesis(tuple(chosen), Closing(Fit.EXACT))


def signed(document: Document) -> int:
    """Return what is open of it: a credit note takes from a sum."""
    return -document.open if document.kind == "credit_note" else document.open


def alike_to(each: Hypothesis, found: Iterable[Hypothesis]) -> list[Hypothesis]:
    """Return the other sets of the same customer's documents that have the same sum."""
    return [
        other
        for other in found
        if other is not each and len(other.documents) > 1 and other.customer == each.customer
    ]
