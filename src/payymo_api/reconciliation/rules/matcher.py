"""The engine's door: what one tenant's bank lines are for."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from payymo_api.invoicing.rules.accounts import spellings
from payymo_api.invoicing.rules.names import heard, name_of
from payymo_api.reconciliation.rules import outgoing
from payymo_api.reconciliation.rules.batches import collected, is_own
from payymo_api.reconciliation.rules.closing import shares
from payymo_api.reconciliation.rules.doubts import doubt
from payymo_api.reconciliation.rules.features import features, features_of_none
from payymo_api.reconciliation.rules.hypotheses import MOST_ALIKE, age, hypotheses
from payymo_api.reconciliation.rules.index import Index
from payymo_api.reconciliation.rules.marks import Marks, marks
from payymo_api.reconciliation.rules.memory import Memory
from payymo_api.reconciliation.rules.payer import payer_keys, payers
from payymo_api.reconciliation.rules.payouts import answer as payout_answer
from payymo_api.reconciliation.rules.reading import Reading, read
from payymo_api.reconciliation.rules.reasons import evidence, numbers, runner_up, to_post, to_unpost
from payymo_api.reconciliation.rules.scene import Hypothesis, Scene, hits
from payymo_api.reconciliation.rules.values import (
    Answer,
    Customer,
    Document,
    Evidence,
    Line,
    Payout,
    Policy,
    Proposal,
    Rates,
    Share,
    Verdict,
)
from payymo_api.reconciliation.rules.weighing import weigh
from payymo_api.reconciliation.rules.weights import WEIGHTS

_MOST_PROPOSALS = 5
_LEAST_PROPOSED = 0.01
_LEAST_FIRST = 0.12
"""Below it a person would only be bothered."""
_OTHER_SETTINGS = "Other settings of automatic posting would have posted it."
_BATCH = 0.999
"""A sum of several exact amounts on the right day was never wrong where it was measured."""


@dataclass(frozen=True, slots=True)
class Considered:
    """What may explain a line, and how much speaks for each: before anything is decided."""

    found: Sequence[Hypothesis]
    features: Sequence[Sequence[str]]
    nothing: Sequence[str]
    """What speaks for none of them."""
    marks: Sequence[Marks] = ()
    """Of money in: the facts of each."""


class Matcher:
    """One tenant's documents, payers and past; what they say of a line, and what it changes.

    Nothing here reads a clock, and the same calls in the same order give the same answers.
    """

    def __init__(
        self,
        policy: Policy | None = None,
        own_accounts: Collection[str] = (),
        own_names: Collection[str] = (),
        weights: Mapping[str, float] = WEIGHTS,
    ) -> None:
        self.policy = policy or Policy()
        self._weights = weights
        self.index = Index()
        self.memory = Memory()
        self._own_accounts = frozenset(
            spelling for account in own_accounts for spelling in spellings(account)
        )
        self._own_names = tuple(each for text in own_names if (each := name_of(text)))
        self._settled: dict[UUID, tuple[Line, tuple[Share, ...], bool]] = {}
        """And whether it taught anything."""
        self._entries: dict[tuple[object, ...], UUID] = {}
        self._reserved: dict[UUID, dict[UUID, None]] = {}
        self._proposed: dict[UUID, tuple[UUID, ...]] = {}

    def put_customer(self, customer: Customer) -> None:
        """Add a customer, or change it."""
        self.index.put_customer(customer)

    def put_document(self, document: Document) -> None:
        """Add a document, or change it."""
        self.index.put_document(document)

    def put_payout(self, payout: Payout) -> None:
        """Add a payout, or change it."""
        self.index.put_payout(payout)

    def put_rates(self, rates: Rates) -> None:
        """Add a day's exchange rates."""
        self.index.put_rates(rates)

    def decide(self, line: Line) -> Answer:
        """Return what the line is for; nothing changes."""
        if not line.amount:
            return Answer(line.id, "none", because="It moves no money.")
        if self._entries.get(_entry(line), line.id) != line.id:
            return Answer(line.id, "none", because="The bank sent this entry before.")
        reading = read(line)
        return (
            self._payout(line)
            or self._batch(reading)
            or self._own(reading)
            or self._answer(line, self.consider(reading))
        )

    def consider(self, reading: Reading) -> Considered:
        """Return everything that the line may be for, weighed by nobody yet."""
        if reading.line.amount <= 0:
            return self._outgoing(reading)
        line = reading.line
        owners = self.owners(line)
        scene = Scene(
            reading,
            payers(reading, self.index, self.memory, owners),
            hits(reading, self.index),
            self._reserved_by_others(line.id),
            self.memory,
        )
        found = [
            each
            for each in hypotheses(scene, self.index, self.index.rates_on(line.booked_on))
            if self._may_be(line, each.ids)
        ]
        facts = marks(scene, found, self.index)
        nothing = features_of_none(scene, self.memory.strangeness(reading.words))
        return Considered(found, [[*features(each)] for each in facts], [*nothing], facts)

    def _may_be(self, line: Line, ids: Iterable[UUID]) -> bool:
        """Tell whether nobody has said that the line is not for one of these."""
        return not any(self.memory.apart(line.id, each) for each in ids)

    def owners(self, line: Line) -> set[UUID]:
        """Return the customers of whom one document has exactly the line's amount open."""
        owed = self.index.owed(line.currency, line.amount)
        if len(owed) > MOST_ALIKE:
            return set()
        customers = {self.index.documents[id].customer for id in owed}
        return {each for each in customers if each}

    def _outgoing(self, reading: Reading) -> Considered:
        line = reading.line
        found = [
            each for each in outgoing.outgoing(reading, self.index) if self._may_be(line, each.ids)
        ]
        owners = {each.customer for each in found if each.customer}
        who = payers(reading, self.index, self.memory, owners) if found else None
        facts = outgoing.features(reading, who, found) if who else []
        return Considered(found, facts, outgoing.NONE)

    def _payout(self, line: Line) -> Answer | None:
        """What a payout brings, or takes back when it failed."""
        payouts = self.index.payouts_of(line.currency, line.amount)
        found = payout_answer(line, [each for each in payouts if self._may_be(line, [each.id])])
        if found is None or found.verdict != "post":
            return found
        return self._judged(line, found.proposals, None, found.because or "", "")

    def may_collect(self, reading: Reading) -> bool:
        """Tell whether it may be what the tenant's own direct debits brought."""
        return reading.line.amount > 0 and is_own(reading, self._own_accounts, self._own_names)

    def _batch(self, reading: Reading) -> Answer | None:
        if not self.may_collect(reading):
            return None
        line, documents = reading.line, collected(reading, self.index)
        if not documents or not self._may_be(line, [each.id for each in documents]):
            return None
        why = Evidence("batch", "It is the sum of the direct debits collected for that day.")
        made = tuple(Share("invoice", each.id, each.open, each.open) for each in documents)
        return self._judged(line, (Proposal(made, _BATCH, (why,)),), None, "Nothing else fits.", "")

    def _own(self, reading: Reading) -> Answer | None:
        if self._own_accounts.isdisjoint(reading.accounts):
            return None
        return Answer(reading.line.id, "none", because="It moves money between your own accounts.")

    def _answer(self, line: Line, considered: Considered) -> Answer:
        nothing, odds = weigh(self._weights, considered.nothing, considered.features)
        ranked = sorted(
            range(len(odds)),
            key=lambda place: (-odds[place], [*map(age, considered.found[place].documents)]),
        )
        likely = [place for place in ranked[:_MOST_PROPOSALS] if odds[place] >= _LEAST_PROPOSED]
        if not likely or odds[likely[0]] < _LEAST_FIRST:
            return Answer(line.id, "none", because="Nothing speaks for any open document.")
        proposals = tuple(self._proposal(line, considered, place, odds[place]) for place in likely)
        margin = odds[likely[0]] - max(nothing, *(odds[place] for place in likely[1:]), 0.0)
        close = self._too_close(margin, nothing > odds[likely[0]])
        if not considered.marks:
            return self._judged(line, proposals, close, "Nothing else comes close.", "")
        facts = considered.marks[likely[0]]
        names = [numbers(considered.found[place]) for place in likely[1:]]
        second = considered.marks[likely[1]] if names else None
        lost = runner_up(facts, second, names[0] if names else "")
        against = doubt(facts) or close
        change = to_post(facts) if against else to_unpost(names)
        return self._judged(line, proposals, against, lost, change)

    def _too_close(self, margin: float, nothing_likelier: bool) -> str | None:  # noqa: FBT001
        if nothing_likelier:
            return "More likely it is for none of your documents."
        if margin < self.policy.least_margin:
            return "Another answer is nearly as likely."
        return None

    def _judged(
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

    # what happens to lines

    def keep(self, line: Line, answer: Answer) -> None:
        """Remember the entry; what is proposed is reserved softly until somebody decides."""
        self._entries.setdefault(_entry(line), line.id)
        self._release(line.id)
        if answer.verdict == "propose":
            self.reserve(line.id, [each.document for each in answer.proposals[0].shares])

    def reserve(self, line: UUID, documents: Sequence[UUID]) -> None:
        """Keep these softly for a line that waits for somebody's decision."""
        self._proposed[line] = (*self._proposed.get(line, ()), *documents)
        for each in documents:
            self._reserved.setdefault(each, {})[line] = None

    def settle(self, line: Line, shares: Sequence[Share], *, by_user: bool) -> None:
        """Move what is open, and learn. Without shares the line belongs nowhere."""
        self._entries.setdefault(_entry(line), line.id)
        self._release(line.id)
        teaches = by_user or bool(shares)
        self._settled[line.id] = (line, tuple(shares), teaches)
        self._move(line, shares, 1)
        if teaches:
            self._learn(line, shares, 1)

    def unsettle(self, line_id: UUID) -> None:
        """Give all back, unlearn, and remember that the line is not for these documents."""
        line, shares, has_taught = self._settled.pop(line_id)
        self._move(line, shares, -1)
        if has_taught:
            self._learn(line, shares, -1)
        documents = [each.document for each in shares]
        self.memory.part(line_id, payer_keys(read(line)), documents)

    def recall(self, line: Line, shares: Sequence[Share]) -> None:
        """Learn from a line that was settled before the documents' open amounts were told."""
        self._entries.setdefault(_entry(line), line.id)
        self._remember_paid(line, shares, 1)
        self._learn(line, shares, 1)

    def _release(self, line: UUID) -> None:
        for each in self._proposed.pop(line, ()):
            lines = self._reserved.get(each, {})
            lines.pop(line, None)
            if not lines:
                self._reserved.pop(each, None)

    def _reserved_by_others(self, line: UUID) -> Collection[UUID]:
        mine = self._proposed.get(line)
        if not mine:
            return self._reserved
        return {each for each, lines in self._reserved.items() if set(lines) != {line}}

    def _move(self, line: Line, shares: Sequence[Share], sign: int) -> None:
        self._remember_paid(line, shares, sign)
        for share in shares:
            document = self.index.documents.get(share.document)
            payout = self.index.payouts.get(share.document)
            if document:
                self.index.put_document(_moved(document, share, sign))
            elif payout:
                settled = payout.settled + sign * share.amount
                self.index.put_payout(replace(payout, settled=settled))

    def _remember_paid(self, line: Line, shares: Sequence[Share], sign: int) -> None:
        for share in shares:
            if share.type == "invoice" and share.amount > 0:
                change = self.index.pay if sign > 0 else self.index.unpay
                change(line.currency, share.amount, share.document)

    def _learn(self, line: Line, shares: Sequence[Share], count: int) -> None:
        """Money in teaches whose payer this is, if it is one customer's, or nobody's."""
        if line.amount <= 0:
            return
        customers = {
            document.customer
            for share in shares
            if (document := self.index.documents.get(share.document))
        }
        if len(customers) > 1 or (shares and not customers):
            return
        reading = read(line)
        name = heard(reading.payer, is_name=True).whole if reading.payer else None
        customer = next(iter(customers), None)
        self.memory.learn(reading.accounts, name, reading.words, customer, count)


def _entry(line: Line) -> tuple[object, ...]:
    """The bank's own name for the money, where it gives one; else the line is its own."""
    name = line.bank_reference or line.id
    return (line.account, name, line.amount, line.currency, line.booked_on)


def _moved(document: Document, share: Share, sign: int) -> Document:
    moved = share.document_amount + share.write_off
    settled = moved if share.type == "invoice" else -moved
    left = document.open - sign * settled
    return replace(document, open=max(0, min(document.amount, left)))
