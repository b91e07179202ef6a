"""The sign algebra of a match.

A match is a set of signed allocations. `amount` is what of the line the allocation explains: money
in is positive, so it is positive where money came for the document and negative where money went.

=============================  ======  ==================================================
allocation                     amount  what it moves
=============================  ======  ==================================================
invoice, paid                  +       settled rises by document_amount + write_off
invoice, payment returned      -       settled falls
credit note, netted/refunded   -       settled rises by -(document_amount + write_off)
credit note, refund bounced    +       settled falls
payout (either sign)           +/-     settled moves towards the payout's amount, whole
on_account, cust_... named     +       a credit of that amount is made
on_account, cred_... named     -       that much of the credit is used, or paid back
=============================  ======  ==================================================

A line's settled amount moves by the plain sum of its allocations' amounts, so a netted credit note
lets one allocation be larger than the line. Two bounds hold for every row after every match and
every undoing: settled stays between 0 and the row's (signed) amount.

In one currency money is conserved: what lines move by equals what invoices and payouts move by,
less credit notes, plus credits made, less credits used, less write-offs. Undoing negates all.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal
from uuid import UUID

DocumentType = Literal["invoice", "credit_note", "payout", "on_account"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One allocation; amounts in minor units of the line's and of the document's currency."""

    line: UUID
    document_type: DocumentType
    document: UUID
    amount: int
    document_amount: int
    write_off: int = 0
    write_off_reason: str | None = None
    makes_credit: bool = False
    """`document` is then the new credit's id."""


def document_move(entry: Entry) -> int:
    """Return what the document's settled amount moves by; of a credit, what is used of it."""
    if entry.makes_credit:
        return 0
    moved = entry.document_amount + entry.write_off
    return moved if entry.document_type in {"invoice", "payout"} else -moved


def line_moves(entries: Iterable[Entry]) -> dict[UUID, int]:
    """Return line -> what its settled amount moves by."""
    moves: Counter[UUID] = Counter()
    for entry in entries:
        moves[entry.line] += entry.amount
    return dict(moves)


def document_moves(entries: Iterable[Entry]) -> dict[UUID, int]:
    """Return document or used credit -> what its settled amount moves by."""
    moves: Counter[UUID] = Counter()
    for entry in entries:
        if not entry.makes_credit:
            moves[entry.document] += document_move(entry)
    return dict(moves)


def credits_made(entries: Iterable[Entry]) -> dict[UUID, int]:
    return {entry.document: entry.amount for entry in entries if entry.makes_credit}


def reversal(entry: Entry) -> Entry:
    """Return what undoes it; of a made credit it moves the line and takes the credit away."""
    return replace(
        entry,
        amount=-entry.amount,
        document_amount=-entry.document_amount,
        write_off=-entry.write_off,
    )


def fits(settled: int, move: int, amount: int) -> bool:
    """Tell whether a row's settled amount stays between 0 and its amount, sign and all."""
    return min(amount, 0) <= settled + move <= max(amount, 0)
