"""The first engine: which open lines settle which documents, where nothing speaks against it.

It posts only what a careful bookkeeper would post unseen, for a wrong match costs far more than a
missing one. Every rule asks for the exact open amount in the document's own currency, then for one
of these, strongest first:

1. The line names documents, by number or creditor reference, and their sum is its amount.
2. Its account is known to pay for one customer, who owes this amount exactly once.
3. Its payer bears the name of one customer who owes it, and no one of that name owes it twice.

Against: a line that names a document whose amount differs, that is paid already, or that we don't
know but is of the same series, is left for a person, whatever else fits. So is a document that two
lines claim on equal grounds. Money out settles nothing here.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date
from enum import IntEnum
from uuid import UUID

from payymo_api.invoicing.rules import document_keys, is_rf_reference, key
from payymo_api.reconciliation.rules import text
from payymo_api.reconciliation.rules.text import Named
from payymo_api.reconciliation.rules.values import Line

Amount = tuple[str, int]
"""Currency and minor units."""


@dataclass(frozen=True)
class Document:
    """`open` is what is still to come: 0 if paid or void."""

    id: UUID
    kind: str
    number: str
    creditor_reference: str | None
    open: int
    currency: str
    issued_on: date
    customer: UUID | None = None
    customer_names: tuple[str, ...] = ()


class Ground(IntEnum):
    NAME = 1
    ACCOUNT = 2
    NUMBER = 3


# Not measured: how the rules rank. A later engine learns these from what users undo.
_PROBABILITY = {Ground.NAME: "0.9500", Ground.ACCOUNT: "0.9700", Ground.NUMBER: "0.9950"}


@dataclass(frozen=True)
class Decision:
    """Settle each of the documents with all that is open of it."""

    line: UUID
    documents: tuple[Document, ...]
    ground: Ground
    evidence: tuple[str, ...]

    @property
    def probability(self) -> str:
        return _PROBABILITY[self.ground]


@dataclass
class _Books:
    """The documents, found by key and by open amount."""

    payers: Mapping[str, AbstractSet[UUID]]
    crowded: AbstractSet[Amount]
    by_key: dict[str, list[Document]] = field(default_factory=lambda: defaultdict(list))
    by_amount: dict[Amount, list[Document]] = field(default_factory=lambda: defaultdict(list))

    def add(self, document: Document) -> None:
        for each in document_keys(document.number, document.creditor_reference):
            self.by_key[each].append(document)
        self.by_amount[document.currency, document.open].append(document)


def decide(
    lines: Sequence[Line],
    documents: Collection[Document],
    payers: Mapping[str, AbstractSet[UUID]],
    crowded: AbstractSet[Amount] = frozenset(),
) -> list[Decision]:
    """Return what is beyond doubt. `payers`: account -> customers it has paid for.

    `lines` hold also the other open lines of the same amounts, so that rivals are seen. `crowded`:
    amounts of which there are more lines or documents than were given; only numbers count there.
    """
    books = _Books(payers, crowded)
    for document in documents:
        books.add(document)
    claims = [claim for line in lines if line.amount > 0 and (claim := _claim(line, books))]
    return _uncontested(claims)


def _claim(line: Line, books: _Books) -> Decision | None:
    found = text.named(line.texts)
    spelt = _named_documents(found, books)
    if spelt:
        return _by_number(line, spelt, books)
    if (line.currency, line.amount) in books.crowded:
        return None
    # A payment made before the invoice existed was for something else.
    fitting = [
        each
        for each in books.by_amount[line.currency, line.amount]
        if each.kind == "invoice" and each.issued_on <= line.booked_on
    ]
    claim = _by_account(line, fitting, books) or _by_name(line, fitting, books)
    return claim if claim and not _names_another(found, claim.documents[0]) else None


def _named_documents(found: list[Named], books: _Books) -> list[list[Document]]:
    """Return, for each number that the line names, the documents that bear it."""
    hits = [each for each in found if each.key in books.by_key]
    whole = [each for each in hits if not any(each.inside(other) for other in hits)]
    return [books.by_key[name] for name in sorted({each.key for each in whole})]


def _by_number(line: Line, spelt: list[list[Document]], books: _Books) -> Decision | None:
    """All that is named must be open, of one customer, and add up; one misfit and nothing is."""
    chosen = [_told_apart(line, bearers, books) for bearers in spelt]
    documents = {each.id: each for each in chosen if each}
    if None in chosen or not all(_is_open_invoice(each, line) for each in documents.values()):
        return None
    customers = {each.customer for each in documents.values()}
    if len(documents) > 1 and (len(customers) > 1 or None in customers):
        return None
    if sum(each.open for each in documents.values()) != line.amount:
        return None
    ordered = tuple(sorted(documents.values(), key=lambda each: each.number))
    return Decision(line.id, ordered, Ground.NUMBER, _why_named(ordered))


def _told_apart(line: Line, bearers: list[Document], books: _Books) -> Document | None:
    """A number that several documents bear means the one of the customer who pays, if it is one."""
    if len(bearers) == 1:
        return bearers[0]
    paid_for = books.payers.get(line.counterparty_account or "", frozenset())
    theirs = [each for each in bearers if each.customer in paid_for or _bears_name(line, each)]
    return theirs[0] if len(theirs) == 1 else None


def _is_open_invoice(document: Document, line: Line) -> bool:
    return document.kind == "invoice" and document.open > 0 and document.currency == line.currency


def _by_account(line: Line, fitting: list[Document], books: _Books) -> Decision | None:
    paid_for = books.payers.get(line.counterparty_account or "", frozenset())
    owed = [each for each in fitting if each.customer in paid_for]
    if len(paid_for) != 1 or len(owed) != 1:
        return None
    why = ("This account has paid for the customer before.", _amount_fits(owed[0]))
    return Decision(line.id, (owed[0],), Ground.ACCOUNT, why)


def _by_name(line: Line, fitting: list[Document], books: _Books) -> Decision | None:
    if line.counterparty_account and books.payers.get(line.counterparty_account):
        return None  # who pays is known, and owes no such amount (or more than once)
    owed = [each for each in fitting if _bears_name(line, each)]
    if len(owed) != 1:
        return None
    why = ("The payer has the customer's name.", _amount_fits(owed[0]))
    return Decision(line.id, (owed[0],), Ground.NAME, why)


def _bears_name(line: Line, document: Document) -> bool:
    payer = text.name_words(line.counterparty_name or "")
    return bool(payer) and payer in {text.name_words(each) for each in document.customer_names}


def _names_another(found: list[Named], document: Document) -> bool:
    """Tell whether the line names some number of the document's own series, unknown to us."""
    number = key(document.number)
    series = text.shape(number)
    return text.is_telling(number) and any(text.shape(each.key) == series for each in found)


def _uncontested(claims: list[Decision]) -> list[Decision]:
    """Keep a claim if on each of its documents no other line has as good a ground."""
    grounds: dict[UUID, list[Ground]] = defaultdict(list)
    for claim in claims:
        for document in claim.documents:
            grounds[document.id].append(claim.ground)
    return [
        claim
        for claim in claims
        if all(_is_best(claim.ground, grounds[document.id]) for document in claim.documents)
    ]


def _is_best(ground: Ground, all_grounds: list[Ground]) -> bool:
    return ground == max(all_grounds) and all_grounds.count(ground) == 1


def _why_named(documents: tuple[Document, ...]) -> tuple[str, ...]:
    numbers = ", ".join(each.number for each in documents)
    checked = any(is_rf_reference(each.creditor_reference or "") for each in documents)
    what = "or its creditor reference, whose check digits are right" if checked else ""
    sum_fits = "The amounts add up exactly." if len(documents) > 1 else _amount_fits(documents[0])
    return (f"The reference names {numbers} {what}".strip() + ".", sum_fits)


def _amount_fits(document: Document) -> str:
    return f"The amount is exactly what is open of {document.number}."
