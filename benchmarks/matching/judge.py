"""Whether a careful person with the books open could decide a line: sure, several answers, or none.

`readings` are the answers that remain possible. A line is sure if the truth is the only one. A line
whose only reading is another than the truth is refused: nobody could be blamed for that answer.
"""

from collections.abc import Sequence
from datetime import date, timedelta

from benchmarks.matching.book import MOST_IN_A_SET, Book, sums
from benchmarks.matching.reading import fold, names_damaged, names_whole, tells_time
from benchmarks.matching.values import Customer, Document, Draft, Resolvable, Seen

Reading = frozenset[str]
INEXACT = frozenset({"partial", "fee", "rounding", "over", "fx"})


def judge(book: Book, draft: Draft, seen: Seen, day: date) -> Resolvable | None:
    """Return what a careful person could do with the line; None: she would be sure, and wrong."""
    truth = frozenset(document.id for document in draft.documents)
    if not truth:
        return "none"
    readings = _readings(book, draft, seen, day)
    if readings == {truth}:
        return "auto"
    if len(readings) == 1:
        return None
    return "suggest"


def _readings(book: Book, draft: Draft, seen: Seen, day: date) -> set[Reading]:
    if draft.amount < 0:
        return _outgoing(book, draft, seen, day)
    named = book.named(seen, day)
    payers = book.payers(seen, day)
    if named:
        return _by_number(book, draft, named, payers, day)
    if draft.evidence.amount in INEXACT and draft.instructed is None:
        return set()
    return _by_amount(book, draft, seen, payers, day)


def _by_number(
    book: Book, draft: Draft, named: list[Document], payers: Sequence[Customer], day: date
) -> set[Reading]:
    """Numbers stand in the text: they add up, or others of their customer are missing."""
    every = frozenset(document.id for document in named)
    adding = set(sums(named[:MOST_IN_A_SET], draft.amount))
    if every in adding:
        return {every}
    if adding:
        return adding
    if len(named) == 1 and (settles(named[0], draft, day) or draft.evidence.amount in INEXACT):
        return {every}
    customers = {document.customer.id: document.customer for document in named}
    customers |= {payer.id: payer for payer in payers} if len(payers) == 1 else {}
    rest = draft.amount - sum(document.signed * document.open for document in named)
    found: set[Reading] = set()
    for customer in customers.values():
        others = [d for d in book.of(customer, day, draft.currency) if d not in named]
        found |= {every | each for each in sums(others[:MOST_IN_A_SET], rest)}
    return found


def _by_amount(
    book: Book, draft: Draft, seen: Seen, payers: Sequence[Customer], day: date
) -> set[Reading]:
    """No number stands whole: the payer, the amount, and what is left of a number must tell."""
    singles = [d for d in book.open.values() if d.issued <= day and settles(d, draft, day)]
    transfers = [d for d in singles if d.method == "bank_transfer"]
    damaged = [d for d in transfers if names_damaged(d, seen)]
    theirs = [d for d in transfers if d.customer in payers]
    if damaged:
        both = [d for d in damaged if d in theirs] or [*damaged, *theirs]
        return {frozenset({d.id}) for d in both}
    if theirs:
        return _of_payers(theirs, seen)
    if payers:
        return _sets_of(book, draft, seen, payers, day)
    unsure = {frozenset({d.id}) for d in transfers}
    return unsure | {frozenset({"nothing at all"})}


def _of_payers(theirs: list[Document], seen: Seen) -> set[Reading]:
    """Of one customer's equal amounts the oldest due, unless the text tells a month or a day."""
    told = [d for d in theirs if tells_time(d, seen)]
    oldest: dict[str, Document] = {}
    for document in sorted(told or theirs, key=lambda d: (d.due, d.id)):
        oldest.setdefault(document.customer.id, document)
    return {frozenset({d.id}) for d in oldest.values()}


def _sets_of(
    book: Book, draft: Draft, seen: Seen, payers: Sequence[Customer], day: date
) -> set[Reading]:
    found: set[Reading] = set()
    for payer in payers:
        owed = book.of(payer, day, draft.currency)
        if sum(d.signed * d.open for d in owed) == draft.amount:
            found.add(frozenset(d.id for d in owed))
        elif owed and len(owed) <= MOST_IN_A_SET:
            adding = sums(owed, draft.amount)
            shown = [d.id for d in owed if names_damaged(d, seen)]
            found |= {each for each in adding if each >= set(shown)} or set(adding)
    return found


def settles(document: Document, draft: Draft, day: date) -> bool:
    """Say whether the amount closes the document: exactly, less its discount, or as instructed."""
    if document.kind == "credit_note":
        return False
    if draft.instructed:
        return (document.open, document.currency) == draft.instructed[:2]
    if document.currency != draft.currency:
        return False
    return draft.amount in (document.open, discounted(document, day))


def discounted(document: Document, day: date) -> int | None:
    if document.discount is None or document.open != document.amount:
        return None
    percent, days = document.discount
    if day > document.issued + timedelta(days):
        return None
    return document.amount - round(document.amount * percent / 100)


def _outgoing(book: Book, draft: Draft, seen: Seen, day: date) -> set[Reading]:
    """Money that went back: of a settled invoice, or of a credit note."""
    text = fold(seen.text)
    pool = [part.document for part in book.lately_settled(day) if part.settles == -draft.amount]
    pool += [d for d in book.open.values() if d.signed < 0 and d.open == -draft.amount]
    back = {d.id: d for d in pool if d and d.issued <= day and d.currency == draft.currency}
    named = {frozenset({d.id}) for d in back.values() if names_whole(d, text)}
    if named:
        return named
    payers = book.payers(seen, day)
    theirs = {frozenset({d.id}) for d in back.values() if d.customer in payers}
    return theirs or {frozenset({d.id}) for d in back.values()} | {frozenset({"nothing at all"})}
