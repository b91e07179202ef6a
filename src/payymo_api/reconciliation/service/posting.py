"""What the engine decided becomes matches and suggestions, if what it read still holds."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from payymo_api.core.types import CustomerId, InvoiceId, new_id
from payymo_api.invoicing.models import Invoice
from payymo_api.reconciliation.repository.candidates import is_closed
from payymo_api.reconciliation.rules.algebra import Entry
from payymo_api.reconciliation.rules.values import Answer, Document, Share
from payymo_api.reconciliation.service import proposals
from payymo_api.reconciliation.service.books import Books
from payymo_api.reconciliation.service.matching import ENGINE, Booking, Origin

_SETTLING = {"invoice", "credit_note"}


def documents(answers: Collection[Answer]) -> set[InvoiceId]:
    """Return what the answers would settle."""
    return {
        InvoiceId(share.document)
        for each in answers
        for proposal in each.proposals
        for share in proposal.shares
        if share.type in _SETTLING
    }


def outdated(books: Books, answers: Sequence[Answer], known: Mapping[UUID, Document]) -> set[UUID]:
    """Return the lines about whose documents the locked books say otherwise than was read.

    Those too that were decided after such a line, about one of its documents.
    """
    wanted = {each.line: documents([each]) for each in answers}
    moved = {id for ids in wanted.values() for id in ids if _moved(books, known[id])}
    lines = set()
    for line, ids in wanted.items():
        if ids & moved:
            lines.add(line)
            moved |= ids
    return lines


def _moved(books: Books, read: Document) -> bool:
    row = books.invoices.get(read.id)
    if row is None or row.removed_at is not None:
        return True
    now = (row.currency, row.kind, row.customer_id, _open(row), row.status == "void")
    return now != (read.currency, read.kind, read.customer, read.open, read.void)


def _open(row: Invoice) -> int:
    return 0 if is_closed(row.status) else row.amount_minor - row.settled_minor


def booking(books: Books, answer: Answer) -> Booking:
    """Return the match that the answer's first proposal is."""
    first = answer.proposals[0]
    origin = Origin(
        "auto",
        ENGINE,
        proposals.probability(first),
        evidence=[each.text for each in first.evidence],
        runner_up=_runner_up(books, answer),
    )
    entries = [_entry(answer.line, share) for share in first.shares]
    owners = {
        entry.document: CustomerId(share.document)
        for entry, share in zip(entries, first.shares, strict=True)
        if entry.makes_credit
    }
    return Booking(entries, origin, owners)


def _entry(line: UUID, share: Share) -> Entry:
    """What is over makes a new credit of the customer's."""
    makes_credit = share.type == "on_account"
    return Entry(
        line=line,
        document_type=share.type,
        document=new_id() if makes_credit else share.document,
        amount=share.amount,
        document_amount=share.document_amount,
        write_off=share.write_off,
        write_off_reason=share.write_off_reason,
        makes_credit=makes_credit,
    )


def _runner_up(books: Books, answer: Answer) -> dict[str, Any] | None:
    if len(answer.proposals) == 1:
        return None
    currencies = {id: row.currency for id, row in books.invoices.items()}
    line = books.lines[answer.line]
    second = proposals.stored(answer.proposals[1], line.currency, currencies)
    return {**second, "because": answer.because}
