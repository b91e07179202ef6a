"""What a decision teaches: who pays for whom, which words belong nowhere, what belongs apart."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from payymo_api.banking.models import Transaction
from payymo_api.core.types import CustomerId
from payymo_api.invoicing.rules.names import heard
from payymo_api.reconciliation.models import Allocation
from payymo_api.reconciliation.repository.learned import Apart, Payer, PayerKind
from payymo_api.reconciliation.rules.algebra import Entry
from payymo_api.reconciliation.rules.memory import EVERY
from payymo_api.reconciliation.rules.reading import read
from payymo_api.reconciliation.service.books import Books
from payymo_api.reconciliation.service.lines import line_of


def payers(books: Books, entries: Collection[Entry]) -> list[Payer]:
    """Return whom each incoming line's account and name paid for, where that is one customer."""
    return [
        Payer(key, kind, customer)
        for line, customer in _taught(books, entries).items()
        for key, kind in _who(books.lines[line])
    ]


def words(books: Books, entries: Collection[Entry]) -> Counter[str]:
    """Return in how many of the lines that tell their payer's customer each word stands."""
    return said(books.lines[line] for line in _taught(books, entries))


def nowhere(rows: Iterable[Transaction]) -> list[Payer]:
    """Return the payers of lines that belong nowhere; who was paid tells nothing."""
    return [
        Payer(key, kind, None) for row in rows if row.amount_minor > 0 for key, kind in _who(row)
    ]


def said(rows: Iterable[Transaction]) -> Counter[str]:
    """Return in how many incoming lines each word stands, and under `EVERY` how many they are."""
    return Counter(
        word for row in rows if row.amount_minor > 0 for word in {EVERY, *read(line_of(row)).words}
    )


def _taught(books: Books, entries: Collection[Entry]) -> Mapping[UUID, CustomerId]:
    """Return incoming line -> the one customer whose documents it settles."""
    owners: dict[UUID, set[CustomerId | None]] = {}
    for entry in entries:
        document = books.invoices.get(entry.document)
        if document and books.lines[entry.line].amount_minor > 0:
            owners.setdefault(entry.line, set()).add(document.customer_id)
    alone = {line: next(iter(them)) for line, them in owners.items() if len(them) == 1}
    return {line: customer for line, customer in alone.items() if customer}


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
