"""Make a match: exact, under locks, announced in the same transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from payymo_api.core.clock import now
from payymo_api.core.db import AnyScope
from payymo_api.core.repository import transient
from payymo_api.core.types import (
    CreditId,
    CustomerId,
    InvoiceId,
    MatchId,
    PayoutId,
    TransactionId,
    new_id,
)
from payymo_api.core.writes import Write
from payymo_api.messaging import outbox
from payymo_api.messaging.events import Event
from payymo_api.reconciliation.events import DecisionMade
from payymo_api.reconciliation.models import Allocation, CustomerCredit, Match
from payymo_api.reconciliation.repository.learned import learned, rejoined
from payymo_api.reconciliation.repository.matches import made
from payymo_api.reconciliation.repository.suggestions import superseded
from payymo_api.reconciliation.rules.algebra import Entry, credits_made, document_moves
from payymo_api.reconciliation.schemas import MatchRequest, Source
from payymo_api.reconciliation.service import learning, news
from payymo_api.reconciliation.service.books import Books
from payymo_api.reconciliation.service.reading import read

ENGINE = "engine"
_MATCH = (
    "id", "source", "probability", "evidence", "runner_up", "note", "created_by", "created_at",
)  # fmt: skip
_CREDIT = ("id", "customer_id", "transaction_id", "amount_minor", "currency")
_ALLOCATION = (
    "id", "match_id", "transaction_id", "document_type", "invoice_id", "payout_id", "credit_id",
    "amount_minor", "currency", "document_amount_minor", "document_currency", "write_off_minor",
    "write_off_reason",
)  # fmt: skip


@dataclass(frozen=True)
class Origin:
    """Who matched, and why."""

    source: Source
    created_by: str
    probability: Decimal | None = None
    evidence: Sequence[str] = ()
    runner_up: Mapping[str, Any] | None = None
    """As `proposals.stored`, with `because`: why it lost."""
    note: str | None = None


class Booking(NamedTuple):
    """A match to make; `credit_owners`: new credit -> whose it is."""

    entries: Sequence[Entry]
    origin: Origin
    credit_owners: Mapping[UUID, CustomerId]


class Made(NamedTuple):
    """A new match, as it is written."""

    match: Match
    allocations: Sequence[Allocation]


async def match(scope: AnyScope, request: MatchRequest, created_by: str) -> Made:
    """Match by hand; a conflict names the row whose bounds it would break."""
    reading = await read(scope, request.allocations)
    origin = Origin("manual", created_by, note=request.note)
    return await record(scope, reading.books, reading.entries, origin, reading.credit_owners)


async def record(
    scope: AnyScope,
    books: Books,
    entries: Sequence[Entry],
    origin: Origin,
    credit_owners: Mapping[UUID, CustomerId] | None = None,
) -> Made:
    """Check, move the locked rows, keep the match, remember who paid, tell everyone."""
    (made,) = await record_all(scope, books, [Booking(entries, origin, credit_owners or {})])
    return made


async def record_all(scope: AnyScope, books: Books, bookings: Sequence[Booking]) -> list[Made]:
    """`record` several matches, one after another, and write all of them at once."""
    entries = [entry for each in bookings for entry in each.entries]
    news_of: list[Event] = []
    all_made: list[Made] = []
    async with books.moving(scope, entries):
        for each in bookings:
            books.check_state(each.entries)
            books.check_bounds(each.entries)
            books.move(each.entries)
            row = _match(each.origin)
            all_made.append(Made(row, [_allocation(books, row.id, one) for one in each.entries]))
            news_of += _news(books, row, each.entries)
    credits = [one for each in bookings for one in _credits(books, each)]
    await scope.write(
        *made(scope, [each.match for each in all_made], _MATCH),
        *made(scope, credits, _CREDIT),
        *made(scope, [one for each in all_made for one in each.allocations], _ALLOCATION),
        *learned(scope, [who for each in bookings for who in learning.payers(books, each.entries)]),
        *_decided(scope, bookings),
    )
    if bookings:
        await outbox.record(scope, *news_of, decision(books, entries))
    return all_made


def _news(books: Books, row: Match, entries: Sequence[Entry]) -> list[Event]:
    """Tell it while the books stand as this match has left them."""
    settled = {id for id, move in document_moves(entries).items() if move > 0}
    return [
        *news.matched(books, row, entries),
        *news.settled(books, row.id, settled),
        *news.reconciled(books, row.id, entries),
    ]


def _decided(scope: AnyScope, bookings: Sequence[Booking]) -> list[Write]:
    """The lines wait for no decision any more; what a person joins is no longer apart."""
    lines = {entry.line for each in bookings for entry in each.entries}
    return [superseded(scope, lines)] + [
        write
        for each in bookings
        if each.origin.source != "auto"
        for write in rejoined(
            scope,
            {entry.line for entry in each.entries},
            {entry.document for entry in each.entries},
        )
    ]


def decision(books: Books, entries: Sequence[Entry]) -> DecisionMade:
    documents = sorted({each.document for each in entries})
    lines = sorted({each.line for each in entries})
    return DecisionMade(
        invoice_ids=tuple(InvoiceId(id) for id in documents if id in books.invoices),
        transaction_ids=tuple(TransactionId(id) for id in lines),
        payout_ids=tuple(PayoutId(id) for id in documents if id in books.payouts),
    )


def _match(origin: Origin) -> Match:
    return transient(
        Match,
        id=MatchId(new_id()),
        status="active",
        source=origin.source,
        probability=origin.probability,
        evidence=list(origin.evidence),
        runner_up=origin.runner_up,
        note=origin.note,
        created_by=origin.created_by,
        created_at=now(),
    )


def _credits(books: Books, booking: Booking) -> list[CustomerCredit]:
    entries = booking.entries
    lines = {entry.document: books.lines[entry.line] for entry in entries if entry.makes_credit}
    return [
        CustomerCredit(
            id=CreditId(id),
            customer_id=booking.credit_owners[id],
            transaction_id=lines[id].id,
            amount_minor=amount,
            currency=lines[id].currency,
        )
        for id, amount in credits_made(entries).items()
    ]


def _allocation(books: Books, match_id: MatchId, entry: Entry) -> Allocation:
    document = books.invoices.get(entry.document) or books.payouts.get(entry.document)
    line = books.lines[entry.line]
    return transient(
        Allocation,
        id=new_id(),
        match_id=match_id,
        transaction_id=line.id,
        document_type=entry.document_type,
        invoice_id=entry.document if entry.document in books.invoices else None,
        payout_id=entry.document if entry.document in books.payouts else None,
        credit_id=entry.document if entry.document_type == "on_account" else None,
        amount_minor=entry.amount,
        currency=line.currency,
        document_amount_minor=entry.document_amount,
        document_currency=document.currency if document else line.currency,
        write_off_minor=entry.write_off,
        write_off_reason=entry.write_off_reason,
    )
