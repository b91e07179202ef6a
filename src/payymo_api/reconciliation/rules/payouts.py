"""Which bank lines bring which payouts, or take one back that failed.

Amount and currency are always exact. Beyond them a pair needs one of these, strongest first:

1. The line names the payout's trace id.
2. It speaks of Stripe or bears the payout's statement descriptor, and is booked on the very day on
   which the payout arrives.
3. The same, a few days before or after.

A pair is made only if, on its ground or a better one, neither the line nor the payout has another
partner. A failed payout brings nothing; what it had brought goes back by a line of its own.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from uuid import UUID

from payymo_api.invoicing.rules import key
from payymo_api.reconciliation.rules.values import Answer, Evidence, Line, Payout, Proposal, Share

DAYS_EARLY, DAYS_LATE = 3, 7
"""How far from its arrival date a payout's line may be booked, unless it names the trace id."""
_DAYS_TO_RETURN = 21
_STRIPE = re.compile(r"(?<![^\W_])STRIPE(?![^\W_])", re.IGNORECASE)
_SHORTEST_TRACE = 8
_SHORTEST_DESCRIPTOR = 5
_MOST = 5


class Ground(IntEnum):
    NEAR = 1
    DAY = 2
    TRACE = 3


_PROBABILITY = {Ground.NEAR: "0.9980", Ground.DAY: "0.9990", Ground.TRACE: "0.9999"}
"""No pair was wrong where it was measured (`docs/matching.md`): a cautious reading of that."""
_WHY = {
    Ground.NEAR: "It is booked within days of the payout's arrival date.",
    Ground.DAY: "It is booked on the payout's arrival date.",
    Ground.TRACE: "The line names the payout's trace id.",
}


@dataclass(frozen=True)
class Pair:
    line: Line
    payout: Payout
    ground: Ground

    @property
    def probability(self) -> str:
        return _PROBABILITY[self.ground]

    @property
    def evidence(self) -> tuple[str, ...]:
        moved = "returns" if self.payout.failed else "brings"
        return (
            f"The line {moved} exactly the payout's amount.",
            _WHY[self.ground],
            "No other line and no other payout fits as well.",
        )


def possible(lines: Collection[Line], payouts: Collection[Payout]) -> list[Pair]:
    """Return every line and payout that may belong together."""
    return [
        Pair(line, payout, ground)
        for line in lines
        for payout in payouts
        if _amounts_fit(line, payout) and (ground := _ground(line, payout))
    ]


def decide(pairs: Sequence[Pair]) -> list[Pair]:
    """Return the pairs beyond doubt, the best grounds first; what they take is free no more."""
    made: list[Pair] = []
    left = list(pairs)
    for ground in sorted(Ground, reverse=True):
        made += _alone([each for each in left if each.ground >= ground])
        taken = {id for each in made for id in (each.line.id, each.payout.id)}
        left = [each for each in left if not {each.line.id, each.payout.id} & taken]
    return made


def answer(line: Line, payouts: Collection[Payout]) -> Answer | None:
    """Return the answer for one line by itself, None if it brings no payout that is known."""
    pairs = possible([line], payouts)
    if not pairs:
        return None
    made = decide(pairs)
    ranked = sorted(pairs, key=lambda each: (each not in made, -each.ground, _distance(each)))
    proposals = tuple(_proposal(each, len(pairs) if not made else 1) for each in ranked[:_MOST])
    if made:
        return Answer(line.id, "post", proposals[:1], "No other payout fits as well.")
    return Answer(line.id, "propose", proposals, "Several payouts fit equally well.")


def _distance(pair: Pair) -> tuple[int, date, UUID]:
    days = abs((pair.line.booked_on - pair.payout.arrival_on).days)
    return days, pair.payout.arrival_on, pair.payout.id


def _proposal(pair: Pair, rivals: int) -> Proposal:
    amount = pair.line.amount
    share = Share("payout", pair.payout.id, amount, amount)
    why = tuple(Evidence("payout", each) for each in pair.evidence)
    return Proposal((share,), float(pair.probability) / rivals, why)


def speaks_of_stripe(line: Line) -> bool:
    return any(_STRIPE.search(each) for each in _texts(line))


def _amounts_fit(line: Line, payout: Payout) -> bool:
    if line.currency != payout.currency:
        return False
    if payout.failed:
        return payout.settled == payout.amount == -line.amount
    return payout.settled == 0 and payout.amount == line.amount


def _ground(line: Line, payout: Payout) -> Ground | None:
    if payout.trace_id and _bears(line, payout.trace_id, _SHORTEST_TRACE):
        return Ground.TRACE
    if not speaks_of_stripe(line) and not _bears_descriptor(line, payout):
        return None
    days = (line.booked_on - payout.arrival_on).days
    if payout.failed:
        return Ground.NEAR if 0 <= days <= _DAYS_TO_RETURN else None
    if days == 0:
        return Ground.DAY
    return Ground.NEAR if -DAYS_EARLY <= days <= DAYS_LATE else None


def _bears_descriptor(line: Line, payout: Payout) -> bool:
    return _bears(line, payout.statement_descriptor or "", _SHORTEST_DESCRIPTOR)


def _bears(line: Line, what: str, shortest: int) -> bool:
    """Banks break and space texts as they like: letters and digits count."""
    wanted = key(what)
    return len(wanted) >= shortest and any(wanted in key(each) for each in _texts(line))


def _texts(line: Line) -> Iterable[str]:
    return (*line.texts, line.counterparty_name or "")


def _alone(pairs: Sequence[Pair]) -> list[Pair]:
    """Keep the pairs whose line and payout stand in no other."""
    seen = Counter(id for each in pairs for id in (each.line.id, each.payout.id))
    return [each for each in pairs if seen[each.line.id] == seen[each.payout.id] == 1]
