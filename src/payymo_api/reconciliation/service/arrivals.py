"""Which of the waiting lines are Stripe's, and which payouts they bring beyond doubt."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from uuid import UUID

from payymo_api.banking.models import Transaction
from payymo_api.core.db import Scope
from payymo_api.core.types import TransactionId
from payymo_api.payments import models
from payymo_api.reconciliation.repository.learned import LearnedRepository
from payymo_api.reconciliation.repository.payouts import PayoutCandidates
from payymo_api.reconciliation.rules.algebra import Entry
from payymo_api.reconciliation.rules.payouts import Pair, decide, possible, speaks_of_stripe
from payymo_api.reconciliation.rules.payouts import answer as payout_answer
from payymo_api.reconciliation.rules.values import Answer, Line, Payout
from payymo_api.reconciliation.service.books import Books
from payymo_api.reconciliation.service.lines import line_of
from payymo_api.reconciliation.service.matching import ENGINE, Booking, Origin

_DOUBT = "Another line or another payout fits as well."


@dataclass(frozen=True)
class Arrivals:
    """Beyond doubt (`pairs`), and what is said of the other lines that may bring a payout, or come
    from Stripe: neither pay an invoice."""

    pairs: Sequence[Pair] = ()
    answers: Sequence[Answer] = ()

    @property
    def lines(self) -> set[UUID]:
        return {*(each.line.id for each in self.pairs), *(each.line for each in self.answers)}


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
    made = [each for each in decide(pairs) if each.line.id in mine]
    return Arrivals(made, list(_others(mine, pairs, {each.line.id for each in made})))


def _others(
    lines: Mapping[TransactionId, Line], pairs: Sequence[Pair], made: Collection[UUID]
) -> Iterator[Answer]:
    """Somebody chooses among several payouts; where several lines may bring one, too."""
    for id, line in lines.items():
        found = [each.payout for each in pairs if each.line.id == id]
        answer = payout_answer(line, found)
        if answer and id not in made:
            yield replace(answer, verdict="propose", because=_DOUBT)
        elif speaks_of_stripe(line) and id not in made:
            yield Answer(id, "none", because="Stripe has told of no such payout.")


def bookings(books: Books, pairs: Iterable[Pair]) -> list[Booking]:
    """Return the matches that the pairs are, if what was read of the locked payouts still holds."""
    return [
        Booking(
            [_entry(pair)],
            Origin("auto", ENGINE, Decimal(pair.probability), evidence=pair.evidence),
            {},
        )
        for pair in pairs
        if _still_holds(books, pair)
    ]


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
