"""What a match teaches about who pays for whom, and an undoing about what belongs apart."""

from collections.abc import Collection, Iterable
from uuid import UUID

from payymo_api.banking.models import Transaction
from payymo_api.core.types import CustomerId
from payymo_api.invoicing.rules.names import heard
from payymo_api.reconciliation.models import Allocation
from payymo_api.reconciliation.repository.learned import Apart, Payer, PayerKind
from payymo_api.reconciliation.rules.algebra import Entry
from payymo_api.reconciliation.rules.reading import read
from payymo_api.reconciliation.service.books import Books
from payymo_api.reconciliation.service.lines import line_of


def payers(books: Books, entries: Collection[Entry]) -> list[Payer]:
    """Return whom each incoming line's account and name paid for, where that is one customer."""
    paid: dict[UUID, set[CustomerId]] = {}
    for entry in entries:
        document = books.invoices.get(entry.document)
        is_payment = entry.document_type == "invoice" and entry.amount > 0
        if is_payment and document and document.customer_id:
            paid.setdefault(entry.line, set()).add(document.customer_id)
    found: dict[tuple[str, PayerKind], set[CustomerId]] = {}
    for line, customers in paid.items():
        for who in _who(books.lines[line]):
            found.setdefault(who, set()).update(customers)
    return [
        Payer(key, kind, next(iter(customers)))
        for (key, kind), customers in found.items()
        if len(customers) == 1
    ]


def _who(row: Transaction) -> Iterable[tuple[str, PayerKind]]:
    reading = read(line_of(row))
    for account in reading.accounts:
        yield account, "payer_account"
    if reading.payer:
        yield heard(reading.payer, is_name=True).whole, "payer_name"


def apart(allocations: Collection[Allocation]) -> list[Apart]:
    return [
        Apart(each.transaction_id, each.invoice_id, each.payout_id)
        for each in allocations
        if each.credit_id is None
    ]
