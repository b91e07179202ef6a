"""Which of the waiting lines are Stripe's, and which payouts they bring beyond doubt."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from payymo_api.banking.models import Transaction
from payymo_api.core.db import Scope
from payymo_api.payments import models
from payymo_api.reconciliation.repository.learned import LearnedRepository
from payymo_api.reconciliation.repository.payouts import PayoutCandidates
from payymo_api.reconciliation.rules.algebra import Entry
from payymo_api.reconciliation.rules.payouts import (
    Pair,
    decide,
    possible,
    speaks_of_stripe,
)
from payymo_api.reconciliation.rules.values import Payout
from payymo_api.reconciliation.service.books import Books
from payymo_api.reconciliation.service.lines import line_of
from payymo_api.reconciliation.service.matching import ENGINE, Origin, record


@dataclass(frozen=True)
class Arrivals:
    """`lines` may bring a payout, in doubt or not, or come from Stripe: they pay no invoice."""

    pairs: Sequence[Pair] = ()
    lines: Collection[UUID] = ()


async def among(scope: Scope, rows: Sequence[Transaction]) -> Arrivals:
    """Decide on these lines; others that are open are rivals only.

    What speaks of Stripe may come before Stripe has told us of the payout.
    """
    candidates = PayoutCandidates(scope)
    if not rows or not await candidates.has_stripe():
        return Arrivals()
    found = await candidates.payouts(rows)
    rivals = await candidates.lines(found)
    mine = {row.id: line_of(row) for row in rows}
    lines = {row.id: line_of(row) for row in rivals} | mine
    apart = await LearnedRepository(scope).apart({row.id for row in (*rivals, *rows)})
    pairs = [
        each
        for each in possible(lines.values(), [_payout(row) for row in found])
        if (each.line.id, each.payout.id) not in apart
    ]
    return Arrivals(
        [each for each in decide(pairs) if each.line.id in mine],
        {
            *(each.line.id for each in pairs),
            *(line.id for line in mine.values() if speaks_of_stripe(line)),
        },
    )


async def post(scope: Scope, books: Books, pairs: Iterable[Pair]) -> set[UUID]:
    """Match the locked lines and payouts, if what was read still holds; return the lines."""
    posted: set[UUID] = set()
    for pair in pairs:
        if _still_holds(books, pair):
            origin = Origin("auto", ENGINE, Decimal(pair.probability), evidence=pair.evidence)
            await record(scope, books, [_entry(pair)], origin)
            posted.add(pair.line.id)
    return posted


def _still_holds(books: Books, pair: Pair) -> bool:
    row = books.payouts.get(pair.payout.id)
    return (
        row is not None
        and row.settled_minor == pair.payout.settled
        and (row.status == "failed") == pair.payout.failed
    )


def _entry(pair: Pair) -> Entry:
    amount = pair.line.amount
    return Entry(pair.line.id, "payout", pair.payout.id, amount, amount)


def _payout(row: models.Payout) -> Payout:
    return Payout(
        id=row.id,
        amount=row.amount_minor,
        currency=row.currency,
        arrival_on=row.arrival_on,
        settled=row.settled_minor,
        failed=row.status == "failed",
        statement_descriptor=row.statement_descriptor,
        trace_id=row.trace_id,
    )
