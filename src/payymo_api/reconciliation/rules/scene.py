"""A line with everything that was found for it, and what it may be for."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from uuid import UUID

from payymo_api.reconciliation.rules.closing import Closing
from payymo_api.reconciliation.rules.index import Index
from payymo_api.reconciliation.rules.memory import Memory
from payymo_api.reconciliation.rules.numbering import Named, document_keys, numbering
from payymo_api.reconciliation.rules.payer import Payers
from payymo_api.reconciliation.rules.reading import Reading, Stretch
from payymo_api.reconciliation.rules.values import Document, Line

_TAILS = range(2, 6)
"""How many last digits of a number stand for it in a list."""
_LONGEST_RANGE = 50
_UNTIL = {"-", "\u2013", "\u2014"}


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """These documents, closed so."""

    documents: tuple[Document, ...]
    how: Closing
    balance: bool = False
    """They are all that the customer owes."""

    @property
    def customer(self) -> UUID | None:
        return self.documents[0].customer

    @property
    def ids(self) -> frozenset[UUID]:
        return frozenset(each.id for each in self.documents)


@dataclass(slots=True)
class Hits:
    """Documents that a text names by a key."""

    open: dict[UUID, Named] = field(default_factory=dict)
    """And how."""
    paid: list[Document] = field(default_factory=list)
    """Of these nothing is open."""
    ordered: set[UUID] = field(default_factory=set)
    """Open documents whose order (`po_number`) it names."""
    taken: dict[UUID | None, list[Stretch]] = field(default_factory=dict)
    """Where the text names documents of a customer, paid or open."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Money in, read; who paid it; what it names; and what is proposed for other lines."""

    reading: Reading
    payers: Payers
    hits: Hits
    reserved: Collection[UUID]
    memory: Memory

    @property
    def line(self) -> Line:
        return self.reading.line


def hits(reading: Reading, index: Index) -> Hits:
    """Look the line's numbers up; a number within a longer one that is known too doesn't count."""
    found = Hits()
    known = {
        key: stretch
        for key, stretch in reading.keys.items()
        if index.named(key) or index.ordered(key)
    }
    for key, stretch in known.items():
        if any(_inside(stretch, other) for other in known.values()):
            continue
        for document in _meant(key, reading.line, index):
            found.taken.setdefault(document.customer, []).append(stretch)
            how = document_keys(document)[key]
            if document.open and not document.void:
                found.open[document.id] = max(how, found.open.get(document.id, how))
            elif how >= Named.DIGITS:
                found.paid.append(document)
        found.ordered.update(each.id for each in index.ordered(key) if each.open)
    return found


def _meant(key: str, line: Line, index: Index) -> list[Document]:
    """Return the documents of this number, where it isn't likelier a customer's or an order's.

    Among a million documents some customer's number is a document's too.
    """
    documents, customers = index.named(key), set(index.numbered(key))
    if not customers and not index.ordered(key):
        return documents
    return [each for each in documents if each.open == line.amount or each.customer in customers]


def unexplained(reading: Reading, taken: Collection[Stretch]) -> Reading:
    """Leave out the numbers that name a document as they stand: they are no others, damaged."""
    if not taken:
        return reading
    keys = {
        key: stretch
        for key, stretch in reading.keys.items()
        if not any(_is_part(stretch, other) for other in taken)
    }
    return replace(reading, keys=keys)


def _is_part(stretch: Stretch, other: Stretch) -> bool:
    return stretch.text == other.text and other.start <= stretch.start and stretch.end <= other.end


def _inside(stretch: Stretch, other: Stretch) -> bool:
    return _is_part(stretch, other) and (other.start, other.end) != (stretch.start, stretch.end)


def listed(reading: Reading, documents: Iterable[Document], heads: Iterable[Document]) -> set[UUID]:
    """Return the documents that a list names by their last digits: "4711-15, 18" after 4711.

    `heads` are those named whole; the numbers that follow share their beginning. A range means
    every number from its first to its last.
    """
    tails = _tails(reading, heads)
    return {
        document.id
        for document in documents
        for beginning, tail in tails
        if _completes(numbering(document.number).whole, beginning, tail)
    }


def _completes(whole: str, beginning: str, tail: str) -> bool:
    kept = len(beginning) - len(tail)
    return len(whole) == len(beginning) and whole == beginning[:kept] + tail


def _tails(reading: Reading, heads: Iterable[Document]) -> set[tuple[str, str]]:
    """Return (a whole number, digits that stand for its last ones further on in the text)."""
    places = _places(reading, heads)
    tails: set[tuple[str, str]] = set()
    for whole, stretch in places.items():
        before = whole
        for text, start, digits in reading.numbers:
            follows = text == stretch.text and start >= stretch.end
            if not follows or len(digits) not in _TAILS or _is_named(text, start, places.values()):
                continue
            tails.add((whole, digits))
            if reading.gap_before(text, start) in _UNTIL:
                tails.update((whole, each) for each in _range(before, digits))
            before = whole[: -len(digits)] + digits
    return tails


def _places(reading: Reading, heads: Iterable[Document]) -> dict[str, Stretch]:
    """Return whole number -> where it stands, or where its digits do."""
    numbers = [numbering(each.number) for each in heads]
    keys = reading.keys
    found = {each.whole: keys.get(each.whole) or keys.get(each.digits) for each in numbers}
    return {whole: place for whole, place in found.items() if place}


def _is_named(text: int, start: int, places: Iterable[Stretch]) -> bool:
    return any(each.text == text and each.start <= start < each.end for each in places)


def _range(first: str, last: str) -> list[str]:
    """Return the endings between a number and the ending that closes its range."""
    size = len(last)
    begin, end = first[-size:], last
    if not begin.isdigit() or not 0 < int(end) - int(begin) <= _LONGEST_RANGE:
        return []
    return [str(each).zfill(size) for each in range(int(begin) + 1, int(end))]
