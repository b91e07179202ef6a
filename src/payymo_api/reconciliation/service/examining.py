"""Let the engine look at lines that wait for it: in short transactions, until none is left."""

from collections import deque
from collections.abc import Collection, Sequence
from uuid import UUID

from payymo_api.banking.models import Transaction
from payymo_api.banking.repository import TransactionRepository, lines_to_settle
from payymo_api.banking.service.transfers import pair
from payymo_api.core.db import Database, Scope
from payymo_api.core.types import CustomerId, InvoiceId, PayoutId, TenantId, TransactionId
from payymo_api.reconciliation.events import DecisionMade
from payymo_api.reconciliation.repository import looks
from payymo_api.reconciliation.repository.candidates import Candidates
from payymo_api.reconciliation.repository.line_keys import LineKeys
from payymo_api.reconciliation.repository.payouts import PayoutCandidates
from payymo_api.reconciliation.rules.payouts import Pair
from payymo_api.reconciliation.rules.values import Answer
from payymo_api.reconciliation.service import arrivals, loading, posting, probes
from payymo_api.reconciliation.service.books import Books
from payymo_api.reconciliation.service.loading import Desk
from payymo_api.reconciliation.service.matching import record_all
from payymo_api.reconciliation.service.settings import policies
from payymo_api.reconciliation.service.suggesting import suggest, withdraw

BATCH = 200


async def examine_touched(
    database: Database, tenant_id: TenantId, changed: Collection[InvoiceId]
) -> None:
    """Documents changed: look anew at the lines that share a key or an amount with them."""
    await looks.over(database, tenant_id)
    async with database.scope(tenant_id) as scope:
        touched = await probes.touched(scope, changed)
        await TransactionRepository(scope).examine_again(touched)
    await examine(database, tenant_id)


async def examine_after(
    database: Database,
    tenant_id: TenantId,
    decision: DecisionMade,
) -> None:
    """Somebody decided, or the engine: look anew at what shares a document or a payer with it."""
    await looks.over(database, tenant_id)
    async with database.scope(tenant_id) as scope:
        touched = {
            *await probes.touched(scope, decision.invoice_ids),
            *await probes.of_payers(scope, decision.transaction_ids),
            *await _bringing(scope, decision.payout_ids),
        }
        await TransactionRepository(scope).examine_again(touched)
    await examine(database, tenant_id)


async def examine_customers(
    database: Database, tenant_id: TenantId, changed: Collection[CustomerId]
) -> None:
    """Customers changed: look anew at the lines that speak of them."""
    await looks.over(database, tenant_id)
    async with database.scope(tenant_id) as scope:
        touched = await LineKeys(scope).speaking_of(changed)
        await TransactionRepository(scope).examine_again(touched)
    await examine(database, tenant_id)


async def examine_payouts(
    database: Database, tenant_id: TenantId, changed: Collection[PayoutId]
) -> None:
    """Payouts came or changed: look anew at the lines that may bring one of them."""
    await looks.over(database, tenant_id)
    async with database.scope(tenant_id) as scope:
        touched = await _bringing(scope, changed)
        await TransactionRepository(scope).examine_again(touched)
    await examine(database, tenant_id)


async def _bringing(scope: Scope, payouts: Collection[PayoutId]) -> set[TransactionId]:
    candidates = PayoutCandidates(scope)
    return {row.id for row in await candidates.lines(await candidates.known(payouts))}


async def examine(database: Database, tenant_id: TenantId) -> None:
    """Look at all lines that wait; every batch is a transaction that stands by itself."""
    while True:
        async with database.scope(tenant_id) as scope:
            if await examine_batch(scope) == 0:
                return


async def examine_batch(scope: Scope) -> int:
    """Decide about some waiting lines, the oldest first; return how many were looked at."""
    await looks.join(scope)
    rows = await Candidates(scope).unexamined(BATCH)
    if not rows:
        return 0
    transfers = await pair(scope, rows)
    await withdraw(scope, await lines_to_settle(scope, transfers))
    free = [row for row in rows if row.id not in transfers]
    found = await arrivals.among(scope, free)
    desk = await loading.load(scope, [row for row in free if row.id not in found.lines])
    answers = [*found.answers, *await _decide(scope, desk)]
    posted, outdated = await _keep(scope, free, found.pairs, answers, desk)
    await scope.session.flush()
    looked_at = [row.id for row in rows if row.id not in outdated]
    await TransactionRepository(scope).note_examined(looked_at)
    await LineKeys(scope).keep(
        {
            TransactionId(each.line.id): probes.of_line(each, desk.matcher)
            for each in desk.readings
            if each.line.id not in posted
        }
    )
    return len(rows)


async def _keep(
    scope: Scope,
    rows: Sequence[Transaction],
    pairs: Sequence[Pair],
    answers: Sequence[Answer],
    desk: Desk,
) -> tuple[set[UUID], set[UUID]]:
    """Lock all that is decided on, and keep what still holds.

    Return the lines that were matched, and those to be looked at again at once.
    """
    books = await Books.lock(
        scope,
        {row.id for row in rows},
        posting.documents(answers),
        {PayoutId(each.payout.id) for each in pairs},
    )
    outdated = posting.outdated(books, answers, desk.documents)
    valid = [each for each in answers if each.line not in outdated]
    bookings = [
        *arrivals.bookings(books, pairs),
        *(posting.booking(books, each) for each in valid if each.verdict == "post"),
    ]
    if bookings:
        await record_all(scope, books, bookings)
    await suggest(scope, books, [each for each in valid if each.verdict != "post"])
    return {entry.line for each in bookings for entry in each.entries}, outdated


async def _decide(scope: Scope, desk: Desk) -> list[Answer]:
    """Decide the lines in order: each knows what was decided and reserved for those before it."""
    matcher, waiting = desk.matcher, deque(desk.reserved)
    policy = await policies(scope)
    answers = []
    for each in desk.readings:
        line = each.line
        while waiting and waiting[0][0] < loading.place(line):
            (_, other), document = waiting.popleft()
            matcher.reserve(other, [document])
        matcher.policy = policy(line.currency)
        answer = matcher.decide(line)
        if answer.verdict == "post":
            matcher.settle(line, answer.proposals[0].shares, by_user=False)
        else:
            matcher.keep(line, answer)
        answers.append(answer)
    return answers
