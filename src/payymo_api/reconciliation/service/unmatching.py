"""Undo matches: one that a person takes apart, or all that stands on a line the bank took back."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from payymo_api.banking.repository import TransactionRepository, lines_to_settle
from payymo_api.core.clock import now
from payymo_api.core.db import Database, Scope
from payymo_api.core.types import (
    CreditId,
    InvoiceId,
    MatchId,
    PayoutId,
    TenantId,
    TransactionId,
)
from payymo_api.messaging import outbox
from payymo_api.payments.events import StripePaymentsMoved
from payymo_api.payments.repository import payments_for
from payymo_api.reconciliation.errors import (
    CreditInUse,
    DocumentOverSettled,
    LaterMatchDepends,
    LineOverAllocated,
    MatchUndone,
    PayoutNotWhole,
)
from payymo_api.reconciliation.models import Allocation, Match
from payymo_api.reconciliation.repository.learned import LearnedRepository, set_apart
from payymo_api.reconciliation.repository.matches import AllocationRepository, MatchRepository
from payymo_api.reconciliation.rules.algebra import Entry, credits_made, document_moves, reversal
from payymo_api.reconciliation.service import learning, news
from payymo_api.reconciliation.service.books import Books
from payymo_api.reconciliation.service.matching import ENGINE, decision
from payymo_api.reconciliation.service.suggesting import withdraw


async def undo(scope: Scope, id: MatchId, undone_by: str) -> None:
    """Take the whole match back; refused where another match builds on it."""
    row = await MatchRepository(scope).get_locked(id)
    if row.status == "undone":
        raise MatchUndone("This match was undone before.")
    await _undo(scope, [row], undone_by)


async def undo_line(database: Database, tenant_id: TenantId, id: TransactionId) -> None:
    """Undo the line's matches, the latest first, each in a transaction of its own."""
    async with database.scope(tenant_id) as scope:
        await withdraw(scope, await lines_to_settle(scope, [id]))
        matches = [row.id for row in await MatchRepository(scope).of_line(id)]
    for match_id in matches:
        await _undo_as_one(database, tenant_id, {match_id})


async def _undo_as_one(database: Database, tenant_id: TenantId, ids: set[MatchId]) -> None:
    """Undo these together, and with them whatever stands in their way.

    Two matches may each stand in the other's way, and neither can go first.
    """
    try:
        async with database.scope(tenant_id) as scope:
            await _undo(scope, await MatchRepository(scope).active_locked(ids), ENGINE)
    except (CreditInUse, LaterMatchDepends):
        others = await _in_the_way(database, tenant_id, ids)
        if not others:
            raise
        await _undo_as_one(database, tenant_id, ids | others)


async def _in_the_way(database: Database, tenant_id: TenantId, ids: set[MatchId]) -> set[MatchId]:
    """Return the later matches that share a row with these; where there are none, the earlier."""
    async with database.scope(tenant_id) as scope:
        found = {row.id for row in await MatchRepository(scope).sharing(ids)}
    return {id for id in found if id > min(ids)} or found


async def _undo(scope: Scope, rows: Sequence[Match], undone_by: str) -> None:
    """Take locked matches back as one."""
    allocations = await AllocationRepository(scope).of([row.id for row in rows])
    books = await _lock_again(scope, allocations)
    parts = {
        row.id: [_entry(each, books) for each in allocations if each.match_id == row.id]
        for row in rows
    }
    await _move_back(scope, books, [entry for entries in parts.values() for entry in entries])
    by_user = undone_by != ENGINE
    payers = [who for entries in parts.values() for who in learning.payers(books, entries)]
    await LearnedRepository(scope).unlearn(payers, contradicted=by_user)
    if by_user:
        await scope.write(*set_apart(scope, learning.apart(allocations)))
    await TransactionRepository(scope).examine_again([TransactionId(id) for id in books.lines])
    for row in rows:
        row.status, row.undone_by, row.undone_at = "undone", undone_by, now()
    await _tell(scope, books, rows, parts)


async def _move_back(scope: Scope, books: Books, entries: Sequence[Entry]) -> None:
    reverse = [reversal(each) for each in entries]
    _take_credits_back(books, entries, document_moves(reverse))
    try:
        books.check_bounds(reverse)
    except (LineOverAllocated, DocumentOverSettled, PayoutNotWhole) as error:
        raise LaterMatchDepends(error.detail) from error
    async with books.moving(scope, reverse):
        books.move(reverse)


async def _tell(
    scope: Scope, books: Books, rows: Sequence[Match], parts: Mapping[MatchId, Sequence[Entry]]
) -> None:
    """Tell everyone; Stripe payments that found no room may have some now."""
    undone = [event for row in rows for event in news.unmatched(books, row, parts[row.id])]
    waiting = await payments_for(scope, [row.id for row in books.invoices.values()])
    entries = [entry for row in rows for entry in parts[row.id]]
    await outbox.record(scope, *undone, decision(books, entries))
    if waiting:
        await outbox.record(scope, StripePaymentsMoved(payment_ids=waiting))


async def _lock_again(scope: Scope, allocations: Sequence[Allocation]) -> Books:
    return await Books.lock(
        scope,
        {each.transaction_id for each in allocations},
        {InvoiceId(each.invoice_id) for each in allocations if each.invoice_id},
        {PayoutId(each.payout_id) for each in allocations if each.payout_id},
        {CreditId(each.credit_id) for each in allocations if each.credit_id},
    )


def _entry(row: Allocation, books: Books) -> Entry:
    document = row.invoice_id or row.payout_id or row.credit_id
    assert document is not None
    if document not in {**books.invoices, **books.payouts, **books.credits}:
        raise LaterMatchDepends("A document of this match was deleted since.")
    return Entry(
        line=row.transaction_id,
        document_type=row.document_type,  # type: ignore[arg-type]  # a CHECK holds it
        document=document,
        amount=row.amount_minor,
        document_amount=row.document_amount_minor,
        write_off=row.write_off_minor,
        write_off_reason=row.write_off_reason,
        makes_credit=row.credit_id is not None and row.amount_minor > 0,
    )


def _take_credits_back(books: Books, entries: Sequence[Entry], moves: Mapping[UUID, int]) -> None:
    """`moves`: what of the credits is given back at the same time."""
    for id in credits_made(entries):
        if books.credits[id].used_minor + moves.get(id, 0):
            raise CreditInUse("A later match uses the credit that this match made.")
        books.credits[id].amount_minor = 0
