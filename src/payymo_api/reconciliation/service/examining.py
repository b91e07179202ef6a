"""Let the engine look at lines that wait for it: in short transactions, until none is left."""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from uuid import UUID

from payymo_api.banking.models import Transaction
from payymo_api.banking.repository import TransactionRepository, lines_to_settle
from payymo_api.banking.service.transfers import pair
from payymo_api.core.db import Database, Scope
from payymo_api.core.types import InvoiceId, PayoutId, TenantId, TransactionId
from payymo_api.invoicing.models import Customer, Invoice
from payymo_api.reconciliation.repository.candidates import Candidates
from payymo_api.reconciliation.repository.learned import LearnedRepository
from payymo_api.reconciliation.repository.payouts import PayoutCandidates
from payymo_api.reconciliation.rules import text
from payymo_api.reconciliation.rules.algebra import Entry
from payymo_api.reconciliation.rules.engine import Decision, Document, decide
from payymo_api.reconciliation.rules.payouts import Pair
from payymo_api.reconciliation.rules.values import Line
from payymo_api.reconciliation.service import arrivals
from payymo_api.reconciliation.service.books import Books
from payymo_api.reconciliation.service.lines import line_of
from payymo_api.reconciliation.service.matching import ENGINE, Origin, record
from payymo_api.reconciliation.service.suggesting import withdraw

BATCH = 100
_MOST_KEYS = 150


async def examine_touched(
    database: Database, tenant_id: TenantId, changed: Collection[InvoiceId]
) -> None:
    """Documents changed: look anew at the lines that share a key or an amount with them."""
    async with database.scope(tenant_id) as scope:
        touched = await Candidates(scope).lines_touched(changed)
        if touched:
            await TransactionRepository(scope).examine_again(touched)
    await examine(database, tenant_id)


async def examine_payouts(
    database: Database, tenant_id: TenantId, changed: Collection[PayoutId]
) -> None:
    """Payouts came or changed: look anew at the lines that may bring one of them."""
    async with database.scope(tenant_id) as scope:
        candidates = PayoutCandidates(scope)
        touched = await candidates.lines(await candidates.known(changed))
        if touched:
            await TransactionRepository(scope).examine_again([row.id for row in touched])
    await examine(database, tenant_id)


async def examine(database: Database, tenant_id: TenantId) -> None:
    """Look at all lines that wait; every batch is a transaction that stands by itself."""
    while True:
        async with database.scope(tenant_id) as scope:
            if await examine_batch(scope) < BATCH:
                return


async def examine_batch(scope: Scope) -> int:
    """Match what is beyond doubt of some waiting lines; return how many were looked at."""
    rows = await Candidates(scope).unexamined(BATCH)
    if not rows:
        return 0
    transfers = await pair(scope, rows)
    await _take_back(scope, transfers)
    free = [row for row in rows if row.id not in transfers]
    found = await arrivals.among(scope, free)
    payments = [row for row in free if row.amount_minor > 0 and row.id not in found.lines]
    posted = await _post(scope, await _decisions(scope, payments), found.pairs)
    await scope.session.flush()
    await TransactionRepository(scope).note_examined([row.id for row in rows])
    undecided = [row for row in payments if row.id not in posted]
    await Candidates(scope).keep_keys({row.id: _keys([line_of(row)]) for row in undecided})
    return len(rows)


async def _take_back(scope: Scope, transfers: Collection[TransactionId]) -> None:
    """A transfer between own accounts, whose lines are locked, settles nothing."""
    await withdraw(scope, await lines_to_settle(scope, transfers))


async def _decisions(scope: Scope, rows: Sequence[Transaction]) -> list[Decision]:
    """Read by keys what the lines may mean, and decide; lines outside the batch are rivals only."""
    if not rows:
        return []
    candidates = Candidates(scope)
    mine = {row.id for row in rows}
    amounts = {(row.currency, row.amount_minor) for row in rows}
    alike, crowded_lines = await candidates.rivals(amounts)
    lines = [line_of(row) for row in {row.id: row for row in (*alike, *rows)}.values()]
    payers = await candidates.payers(
        {line.counterparty_account for line in lines if line.counterparty_account}
    )
    customers = {id for found in payers.values() for id in found}
    documents, crowded = await candidates.documents(_keys(lines), amounts, customers)
    owners = await candidates.customers(
        {row.customer_id for row in documents.values() if row.customer_id}
    )
    found = decide(
        lines,
        [_document(row, owners) for row in documents.values()],
        payers,
        crowded | crowded_lines,
    )
    apart = await LearnedRepository(scope).apart(mine)
    return [each for each in found if each.line in mine and not _pairs(each) & apart]


def _pairs(decision: Decision) -> set[tuple[UUID, UUID]]:
    return {(decision.line, document.id) for document in decision.documents}


async def _post(scope: Scope, decisions: Sequence[Decision], pairs: Sequence[Pair]) -> set[UUID]:
    """Lock every document decided on, and post what still holds; return the matched lines."""
    if not decisions and not pairs:
        return set()
    lines = [*(each.line for each in decisions), *(each.line.id for each in pairs)]
    books = await Books.lock(
        scope,
        {TransactionId(id) for id in lines},
        {InvoiceId(document.id) for each in decisions for document in each.documents},
        {PayoutId(each.payout.id) for each in pairs},
    )
    posted = await arrivals.post(scope, books, pairs)
    for decision in decisions:
        if all(_still_open(books, document) for document in decision.documents):
            origin = Origin(
                "auto", ENGINE, Decimal(decision.probability), evidence=decision.evidence
            )
            await record(scope, books, _entries(decision), origin)
            posted.add(decision.line)
    return posted


def _still_open(books: Books, document: Document) -> bool:
    """Nobody settled, changed, voided or deleted it between our reading and our lock."""
    row = books.invoices.get(document.id)
    return (
        row is not None
        and row.removed_at is None
        and row.status != "void"
        and row.currency == document.currency
        and row.amount_minor - row.settled_minor == document.open
    )


def _entries(decision: Decision) -> list[Entry]:
    return [
        Entry(decision.line, "invoice", document.id, document.open, document.open)
        for document in decision.documents
    ]


def _document(row: Invoice, customers: Mapping[UUID, Customer]) -> Document:
    customer = customers.get(row.customer_id) if row.customer_id else None
    names = (customer.name, customer.trading_name) if customer else ()
    return Document(
        id=row.id,
        kind=row.kind,
        number=row.number,
        creditor_reference=row.creditor_reference,
        open=0 if row.status == "void" else row.amount_minor - row.settled_minor,
        currency=row.currency,
        issued_on=row.issued_on,
        customer=row.customer_id,
        customer_names=tuple(each for each in names if each),
    )


def _keys(lines: Sequence[Line]) -> set[str]:
    """Return what the lines may name; of one line, at most its shortest readings."""
    found: set[str] = set()
    for line in lines:
        keys = {each.key for each in text.named(line.texts)}
        found.update(sorted(keys, key=len)[:_MOST_KEYS])
    return found
