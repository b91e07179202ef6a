"""What a replay comes to: counts, money, precision, calibration, reasons."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt

from payymo_api.backtest.past import Past
from payymo_api.backtest.replay import Decided
from payymo_api.reconciliation.rules.values import Verdict

VERDICTS: Sequence[tuple[Verdict, str]] = (
    ("post", "posted"),
    ("propose", "proposed"),
    ("none", "left alone"),
)
_EDGES = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 1.0)
_Z = 1.959964
"""95 % of a normal distribution lie within so many standard deviations."""


@dataclass(frozen=True, slots=True)
class Rate:
    """`hits` of `all`, with the bounds of Wilson's 95 % interval."""

    hits: int
    all: int

    @property
    def value(self) -> float:
        return self.hits / self.all

    @property
    def low(self) -> float:
        return self._middle() - self._half()

    @property
    def high(self) -> float:
        return self._middle() + self._half()

    def _middle(self) -> float:
        return (self.hits + _Z**2 / 2) / (self.all + _Z**2)

    def _half(self) -> float:
        spread = self.value * (1 - self.value) * self.all + _Z**2 / 4
        return _Z * sqrt(spread) / (self.all + _Z**2)


@dataclass(frozen=True, slots=True)
class Group:
    """Lines of one decision; `money`: currency -> minor units moved, in or out."""

    verdict: Verdict
    name: str
    lines: int
    money: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Judged:
    """What the past says of the decisions; a rate is None where it says nothing.

    `posted`: right among what was posted. `first`, `first_three`: the right answer's place among
    the proposals for lines that belong somewhere. `found`: lines that belong somewhere and were
    posted right. `nowhere`: lines known to belong nowhere that were not posted.
    """

    posted: Rate | None
    found: Rate | None
    first: Rate | None
    first_three: Rate | None
    nowhere: Rate | None


@dataclass(frozen=True, slots=True)
class Bin:
    """First proposals whose probability lies between two bounds: its mean, and what came true."""

    said: float
    was: Rate


@dataclass(frozen=True, slots=True)
class Report:
    """`reasons`: how many lines of a decision have the same ones."""

    past: Past
    decisions: Sequence[Decided]
    groups: Sequence[Group]
    months: Mapping[str, Mapping[Verdict, int]]
    reasons: Mapping[Verdict, Sequence[tuple[str, int]]]
    judged: Judged
    calibration: Sequence[Bin]

    @property
    def wrong(self) -> list[Decided]:
        """What was posted and should not have been."""
        return [each for each in self.decisions if _is_posted(each) and each.right is False]


def report(past: Past, decisions: Sequence[Decided]) -> Report:
    months: defaultdict[str, Counter[Verdict]] = defaultdict(Counter)
    reasons: defaultdict[Verdict, Counter[str]] = defaultdict(Counter)
    for each in decisions:
        months[f"{each.line.booked_on:%Y-%m}"][each.answer.verdict] += 1
        reasons[each.answer.verdict][_reason(each)] += 1
    return Report(
        past=past,
        decisions=decisions,
        groups=[_group(verdict, name, decisions) for verdict, name in VERDICTS],
        months=dict(sorted(months.items())),
        reasons={verdict: _by_count(found) for verdict, found in reasons.items()},
        judged=_judged(decisions),
        calibration=_calibration(decisions),
    )


def _by_count(found: Counter[str]) -> list[tuple[str, int]]:
    return sorted(found.items(), key=lambda each: (-each[1], each[0]))


def _group(verdict: Verdict, name: str, decisions: Sequence[Decided]) -> Group:
    money: Counter[str] = Counter()
    lines = [each.line for each in decisions if each.answer.verdict == verdict]
    for line in lines:
        money[line.currency] += abs(line.amount)
    return Group(verdict, name, len(lines), dict(sorted(money.items())))


def _reason(decided: Decided) -> str:
    """Return what a posted line goes by, or why another one was not posted."""
    answer = decided.answer
    if answer.verdict != "post":
        return answer.because or "no reason given"
    codes = dict.fromkeys(each.code for each in answer.proposals[0].evidence)
    return ", ".join(code.replace("_", " ") for code in codes)


def _judged(decisions: Sequence[Decided]) -> Judged:
    belonging = [each for each in decisions if each.known]
    undecided = [each for each in belonging if not _is_posted(each)]
    posted = [each for each in decisions if _is_posted(each) and each.right is not None]
    nowhere = [each for each in decisions if each.known is not None and not each.known]
    return Judged(
        posted=_rate(posted, [bool(each.right) for each in posted]),
        found=_rate(belonging, [_is_posted(each) and bool(each.right) for each in belonging]),
        first=_rate(undecided, [each.rank == 1 for each in undecided]),
        first_three=_rate(undecided, [each.rank in {1, 2, 3} for each in undecided]),
        nowhere=_rate(nowhere, [not _is_posted(each) for each in nowhere]),
    )


def _rate(lines: Sequence[Decided], hits: Iterable[bool]) -> Rate | None:
    return Rate(sum(hits), len(lines)) if lines else None


def _is_posted(decided: Decided) -> bool:
    return decided.answer.verdict == "post"


def _calibration(decisions: Sequence[Decided]) -> list[Bin]:
    known = [
        (each.answer.proposals[0].probability, bool(each.right))
        for each in decisions
        if each.right is not None and each.answer.proposals
    ]
    found = []
    for low, high in pairwise(_EDGES):
        held = [each for each in known if low <= each[0] < high or each[0] == high == 1]
        if held:
            said = sum(probability for probability, _ in held) / len(held)
            found.append(Bin(said, Rate(sum(right for _, right in held), len(held))))
    return found
