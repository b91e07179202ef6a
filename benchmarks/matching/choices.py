"""What the engine had to choose from, and what was right: collected while users settle and correct.

Tenants are independent: shares of them run side by side.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from uuid import UUID

from typing_extensions import override

from benchmarks.matching.drive import Row, replay
from benchmarks.matching.logit import Choice
from payymo_api.cli.backtest.stream import Stream
from payymo_api.reconciliation.rules.judging import Considered
from payymo_api.reconciliation.rules.matcher import Matcher
from payymo_api.reconciliation.rules.reading import Reading
from payymo_api.reconciliation.rules.values import Line, Share

Weights = Mapping[str, float]
Answers = list[tuple[Row, Row]]
"""The truth of each line, and what was said of it."""
_PROCESSES = 2


@dataclass(frozen=True, slots=True)
class Part:
    """Some tenants of a data set."""

    folder: Path
    tenants: tuple[str, ...]


@dataclass(slots=True)
class Run:
    """What some tenants' lines came to."""

    choices: Counter[Choice] = field(default_factory=Counter)
    unseen: int = 0
    """Lines whose right answer was not considered: there is no choice to learn from."""
    answers: Answers = field(default_factory=list)

    def add(self, other: "Run") -> None:
        self.choices += other.choices
        self.unseen += other.unseen
        self.answers += other.answers


@dataclass(slots=True)
class Notes:
    """What was considered for each line, and what it was settled with at last."""

    considered: dict[UUID, Considered] = field(default_factory=dict)
    settled: dict[UUID, frozenset[UUID]] = field(default_factory=dict)


class Watched(Matcher):
    """Writes down what it chooses from; lines that need no weighing are not among them."""

    def __init__(
        self,
        notes: Notes,
        weights: Weights,
        own_accounts: Collection[str] = (),
        own_names: Collection[str] = (),
    ) -> None:
        super().__init__(own_accounts=own_accounts, own_names=own_names, weights=weights)
        self._notes = notes

    @override
    def consider(self, reading: Reading) -> Considered:
        found = super().consider(reading)
        if found.found:
            self._notes.considered[reading.line.id] = found
        return found

    @override
    def settle(self, line: Line, shares: Sequence[Share], *, by_user: bool) -> None:
        super().settle(line, shares, by_user=by_user)
        self._notes.settled[line.id] = frozenset(
            each.document for each in shares if each.type != "on_account"
        )


def run(parts: Iterable[Part], weights: Weights) -> Run:
    """Replay these tenants with such weights; the result does not depend on the machine's cores."""
    halves = [half for part in parts for half in _halves(part)]
    whole = Run()
    with ProcessPoolExecutor(_PROCESSES) as pool:
        for each in pool.map(partial(_run, dict(weights)), halves):
            whole.add(each)
    return whole


def _halves(part: Part) -> list[Part]:
    halves = (part.tenants[::2], part.tenants[1::2])
    return [Part(part.folder, each) for each in halves if each]


def _run(weights: Weights, part: Part) -> Run:
    notes = Notes()
    stream = Stream(partial(Watched, notes, weights))
    found = Run()
    for truth, said, _ in replay(part.folder, stream, set(part.tenants)):
        found.answers.append((truth, said))
    for line, considered in notes.considered.items():
        choice = choice_of(considered, notes.settled[line])
        if choice:
            found.choices[choice] += 1
        else:
            found.unseen += 1
    return found


def choice_of(considered: Considered, right: frozenset[UUID]) -> Choice | None:
    """Return what was right and what else could have been; None if it was not considered."""
    every = [tuple(considered.nothing), *map(tuple, considered.features)]
    sets = [frozenset(), *(each.ids for each in considered.found)]
    if right not in sets:
        return None
    return Choice(every.pop(sets.index(right)), tuple(every))
