"""What is made of the hypotheses: posted, proposed, or left alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from payymo_api.reconciliation.rules import outgoing
from payymo_api.reconciliation.rules.closing import shares
from payymo_api.reconciliation.rules.doubts import doubt
from payymo_api.reconciliation.rules.hypotheses import age
from payymo_api.reconciliation.rules.index import Index
from payymo_api.reconciliation.rules.marks import Marks
from payymo_api.reconciliation.rules.reasons import evidence, numbers, runner_up, to_post, to_unpost
from payymo_api.reconciliation.rules.scene import Hypothesis
from payymo_api.reconciliation.rules.values import Answer, Line, Policy, Proposal, Verdict
from payymo_api.reconciliation.rules.weighing import weigh

_MOST_PROPOSALS = 5
_LEAST_PROPOSED = 0.01
_LEAST_FIRST = 0.06
"""Below it a person would only be bothered."""
_OTHER_SETTINGS = "Other settings of automatic posting would have posted it."


@dataclass(frozen=True, slots=True)
class Considered:
    """What may explain a line, and how much speaks for each: before anything is decided."""

    found: Sequence[Hypothesis]
    features: Sequence[Sequence[str]]
    nothing: Sequence[str]
    """What speaks for none of them."""
    marks: Sequence[Marks] = ()
    """Of money in: the facts of each."""


@dataclass(frozen=True, slots=True)
class Judge:
    """A tenant's settings and the weights, applied to what was considered."""

    policy: Policy
    weights: Mapping[str, float]
    index: Index

    def answer(self, line: Line, considered: Considered) -> Answer:
        """Rank the hypotheses; the best is posted if nothing forbids it."""
        nothing, odds = weigh(self.weights, considered.nothing, considered.features)
        ranked = sorted(
            range(len(odds)),
            key=lambda place: (-odds[place], [*map(age, considered.found[place].documents)]),
        )
        likely = [place for place in ranked[:_MOST_PROPOSALS] if odds[place] >= _LEAST_PROPOSED]
        if not likely or odds[likely[0]] < _LEAST_FIRST:
            return Answer(line.id, "none", because="Nothing speaks for any open document.")
        proposals = tuple(self._proposal(line, considered, place, odds[place]) for place in likely)
        margin = odds[likely[0]] - max(nothing, *(odds[place] for place in likely[1:]), 0.0)
        close = self._too_close(margin)
        if not considered.marks:
            return self.judge(line, proposals, close, "Nothing else comes close.", "")
        facts = considered.marks[likely[0]]
        names = [numbers(considered.found[place]) for place in likely[1:]]
        second = considered.marks[likely[1]] if names else None
        lost = runner_up(facts, second, names[0] if names else "")
        against = doubt(facts) or close
        change = to_post(facts) if against else to_unpost(names)
        return self.judge(line, proposals, against, lost, change)

    def _too_close(self, margin: float) -> str | None:
        """Only that it is for none of them can be likelier than the first."""
        if margin < 0:
            return "More likely it is for none of your documents."
        if margin < self.policy.least_margin:
            return "Another answer is nearly as likely."
        return None

    def judge(
        self,
        line: Line,
        proposals: tuple[Proposal, ...],
        against: str | None,
        lost: str,
        change: str,
    ) -> Answer:
        """Post the first proposal, if the tenant's settings let it."""
        forbidden = None if against else self._forbidden(proposals[0])
        if forbidden:
            against, change = forbidden, _OTHER_SETTINGS
        verdict: Verdict = "propose" if against else "post"
        return Answer(line.id, verdict, proposals, against or lost, change or None)

    def _forbidden(self, first: Proposal) -> str | None:
        if not self.policy.automatic:
            return "Automatic posting is switched off."
        if first.probability < self.policy.least_probability:
            return "It is not likely enough to be posted unseen."
        limits = self.policy.write_off_limits
        for share in first.shares:
            reason = share.write_off_reason
            if reason and share.write_off > limits.get(reason, share.write_off):
                return f"More would be written off ({reason}) than your settings allow."
        return None

    def _proposal(
        self, line: Line, considered: Considered, place: int, probability: float
    ) -> Proposal:
        each = considered.found[place]
        why = (
            evidence(each, considered.marks[place], self.index)
            if considered.marks
            else outgoing.evidence(each)
        )
        return Proposal(shares(line, each.documents, each.how), probability, why)
