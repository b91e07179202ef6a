"""The engine's door: what one tenant's bank lines are for."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from payymo_api.invoicing.rules.accounts import spellings
from payymo_api.invoicing.rules.names import heard, name_of
from payymo_api.reconciliation.rules import outgoing
from payymo_api.reconciliation.rules.batches import collected, is_own
from payymo_api.reconciliation.rules.features import features, features_of_none
from payymo_api.reconciliation.rules.hypotheses import MOST_ALIKE, hypotheses
from payymo_api.reconciliation.rules.index import Index
from payymo_api.reconciliation.rules.judging import Considered, Judge
from payymo_api.reconciliation.rules.marks import marks
from payymo_api.reconciliation.rules.memory import Memory
from payymo_api.reconciliation.rules.payer import payer_keys, payers
from payymo_api.reconciliation.rules.payouts import answer as payout_answer
from payymo_api.reconciliation.rules.reading import Reading, read
from payymo_api.reconciliation.rules.reservations import Reservations
from payymo_api.reconciliation.rules.scene import Scene, hits
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
)
from payymo_api.reconciliation.rules.weights import WEIGHTS

_BATCH = 0.999
"""A sum of several exact amounts on the right day was never wrong where it was measured."""


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
        self.index = Index()
        self._weights = weights
        self.memory = Memory()
        self._own_accounts = frozenset(
            spelling for account in own_accounts for spelling in spellings(account)
        )
        self._own_names = tuple(each for text in own_names if (each := name_of(text)))
        self._settled: dict[UUID, tuple[Line, tuple[Share, ...], bool]] = {}
        """And whether it taught anything."""
        self._entries: dict[tuple[object, ...], UUID] = {}
        self._reservations = Reservations()

    @property
    def _judge(self) -> Judge:
        return Judge(self.policy, self._weights, self.index)

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
            or self._judge.answer(line, self.consider(reading))
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
            self._reservations.of_others(line.id),
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
        return self._judge.judge(line, found.proposals, None, found.because or "", "")

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
        return self._judge.judge(
            line, (Proposal(made, _BATCH, (why,)),), None, "Nothing else fits.", ""
        )

    def _own(self, reading: Reading) -> Answer | None:
        if self._own_accounts.isdisjoint(reading.accounts):
            return None
        return Answer(reading.line.id, "none", because="It moves money between your own accounts.")

    # what happens to lines

    def keep(self, line: Line, answer: Answer) -> None:
        """Remember the entry; what is proposed is reserved softly until somebody decides."""
        self._entries.setdefault(_entry(line), line.id)
        self._reservations.release(line.id)
        if answer.verdict == "propose":
            self.reserve(line.id, [each.document for each in answer.proposals[0].shares])

    def reserve(self, line: UUID, documents: Sequence[UUID]) -> None:
        """Keep these softly for a line that waits for somebody's decision."""
        self._reservations.keep(line, documents)

    def settle(self, line: Line, shares: Sequence[Share], *, by_user: bool) -> None:
        """Move what is open, and learn. Without shares the line belongs nowhere."""
        self._entries.setdefault(_entry(line), line.id)
        self._reservations.release(line.id)
        teaches = by_user or bool(shares)
        self._settled[line.id] = (line, tuple(shares), teaches)
        self._move(line, shares, 1)
        if teaches:
            self._learn(line, shares, 1)
        if by_user:
            documents = [each.document for each in shares]
            self.memory.join(line.id, payer_keys(read(line)), documents)

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
        """Money in teaches whose payer this is, if it is one customer's, or belongs nowhere."""
        if line.amount <= 0:
            return
        customers = {
            document.customer
            for share in shares
            if (document := self.index.documents.get(share.document))
        }
        if len(customers) > 1 or (shares and customers in ({None}, set())):
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
