"""The rows that a match touches: locked in one order, checked, moved."""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from payymo_api.banking.models import Transaction
from payymo_api.banking.repository import (
    TransactionRepository,
    lines_settled,
    lines_to_settle,
)
from payymo_api.banking.repository.rollups import tracked
from payymo_api.core.db import AnyScope
from payymo_api.core.money import Money
from payymo_api.core.types import CreditId, InvoiceId, PayoutId, TransactionId, public_id
from payymo_api.invoicing.models import Invoice
from payymo_api.invoicing.repository import (
    InvoiceRepository,
    documents_settled,
    documents_to_settle,
)
from payymo_api.payments.models import Payout
from payymo_api.payments.repository import (
    PayoutRepository,
    payouts_settled,
    payouts_to_settle,
)
from payymo_api.reconciliation.errors import (
    CreditOverUsed,
    DocumentOverSettled,
    DocumentVoid,
    LineIgnored,
    LineNotBooked,
    LineOverAllocated,
    PayoutNotWhole,
)
from payymo_api.reconciliation.models import CustomerCredit
from payymo_api.reconciliation.repository.matches import credits_to_use, credits_used
from payymo_api.reconciliation.rules.algebra import Entry, document_moves, fits, line_moves

Row = Transaction | Invoice | Payout | CustomerCredit
RowT = TypeVar("RowT", Transaction, Invoice, Payout, CustomerCredit)


@dataclass(frozen=True)
class Books:
    """Everyone locks lines, invoices, payouts, credits, each by id: nobody waits crosswise."""

    lines: Mapping[UUID, Transaction]
    invoices: Mapping[UUID, Invoice]
    payouts: Mapping[UUID, Payout]
    credits: Mapping[UUID, CustomerCredit]

    @classmethod
    async def lock(
        cls,
        scope: AnyScope,
        lines: Collection[TransactionId],
        invoices: Collection[InvoiceId] = (),
        payouts: Collection[PayoutId] = (),
        credits: Collection[CreditId] = (),
    ) -> "Books":
        return cls(
            _by_id(await lines_to_settle(scope, lines)),
            _by_id(await documents_to_settle(scope, invoices)),
            _by_id(await payouts_to_settle(scope, payouts)),
            _by_id(await credits_to_use(scope, credits)),
        )

    def check_state(self, entries: Iterable[Entry]) -> None:
        """Raise LineNotBooked, LineIgnored or DocumentVoid; an undoing asks for none."""
        for entry in entries:
            line = self.lines[entry.line]
            if line.status != "booked":
                raise LineNotBooked("The transaction is still pending.")
            if TransactionRepository.is_ignored(line):
                raise LineIgnored("Somebody said that the transaction belongs to no document.")
            document = self.invoices.get(entry.document)
            if document and document.status == "void":
                raise DocumentVoid(f"Document {document.number} is void.")

    def check_bounds(self, entries: Sequence[Entry]) -> None:
        """Raise the conflict that names which row would leave its bounds, before any has moved."""
        for id, move in line_moves(entries).items():
            line = self.lines[id]
            if not fits(line.settled_minor, move, line.amount_minor):
                raise LineOverAllocated(_left(line, line.settled_minor, move))
        for id, move in document_moves(entries).items():
            self._check_document(id, move)

    def _check_document(self, id: UUID, move: int) -> None:
        if id in self.invoices:
            document = self.invoices[id]
            if not fits(document.settled_minor, move, document.amount_minor):
                raise DocumentOverSettled(_left(document, document.settled_minor, move))
        elif id in self.payouts:
            payout = self.payouts[id]
            if payout.settled_minor + move not in {0, payout.amount_minor}:
                raise PayoutNotWhole(_left(payout, payout.settled_minor, move))
        else:
            credit = self.credits[id]
            if not fits(credit.used_minor, move, credit.amount_minor):
                raise CreditOverUsed(_left(credit, credit.used_minor, move))

    @asynccontextmanager
    async def moving(self, scope: AnyScope, entries: Sequence[Entry]) -> AsyncIterator[None]:
        """Let the block `move` these, and write what that makes of the rows."""
        lines = [self.lines[id] for id in line_moves(entries)]
        async with tracked(scope, lines):
            yield
        moves = document_moves(entries)
        await scope.write(
            *lines_settled(scope, lines),
            *documents_settled(scope, [self.invoices[id] for id in moves if id in self.invoices]),
            *payouts_settled(scope, [self.payouts[id] for id in moves if id in self.payouts]),
            *credits_used(scope, list(self.credits.values())),
        )

    def move(self, entries: Sequence[Entry]) -> None:
        """Move the checked rows; CHECK constraints hold the same bounds."""
        for id, move in line_moves(entries).items():
            TransactionRepository.settle(self.lines[id], move)
        for id, move in document_moves(entries).items():
            if id in self.invoices:
                InvoiceRepository.settle(self.invoices[id], move)
            elif id in self.payouts:
                PayoutRepository.settle(self.payouts[id], move)
            else:
                self.credits[id].used_minor += move


def _left(row: Row, settled: int, move: int) -> str:
    total, done, more = (
        str(Money(minor, row.currency)) for minor in (row.amount_minor, settled, move)
    )
    name = public_id(row.prefix, row.id)
    return f"{name}: {done} of {total} {row.currency} is settled; {more} does not fit."


def _by_id(rows: Iterable[RowT]) -> Mapping[UUID, RowT]:
    return {row.id: row for row in rows}
