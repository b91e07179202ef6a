"""The engine's door: what one tenant's bank lines are for."""

import math
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from payymo_api.reconciliation.rules import closing
from payymo_api.reconciliation.rules.accounts import spellings
from payymo_api.reconciliation.rules.closing import Fit
from payymo_api.reconciliation.rules.features import describe, describe_none
from payymo_api.reconciliation.rules.hypotheses import Hypotheses, Hypothesis, hits
from payymo_api.reconciliation.rules.index import Index
from payymo_api.reconciliation.rules.memory import Memory
from payymo_api.reconciliation.rules.names import Likeness, heard, likeness, name_of, name_words
from payymo_api.reconciliation.rules.outgoing import describe_outgoing, outgoing
from payymo_api.reconciliation.rules.payer import payers
from payymo_api.reconciliation.rules.reading import Reading, read
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

_MOST_PROPOSALS = 5
_COLLECTED_WITHIN = (0, 1, 2, 3, 4, 5)
"""Days between a collection and its line."""


class Matcher:
    """One tenant's documents, payers and past, and what they say of a line."""

    def __init__(
        self,
        policy: Policy | None = None,
        own_accounts: Collection[str] = (),
        own_names: Collection[str] = (),
    ) -> None:
        self.policy = policy or Policy()
        self.index = Index()
        self.memory = Memory()
        self._own_accounts = frozenset(each for account in own_accounts for each in spellings(account))
        self._own_names = tuple(each for text in own_names if (each := name_of(text)))
        self._settled: dict[UUID, tuple[Line, tuple[Share, ...], bool]] = {}
        self._seen: set[tuple[object, ...]] = set()
        self._reserved: dict[UUID, tuple[UUID, ...]] = {}
        self.debug: list[tuple[list[str], list[Hypothesis]]] = []

    def put_customer(self, customer: Customer) -> None:
        self.index.put_customer(customer)

    def put_document(self, document: Document) -> None:
        self.index.put_document(document)

    def put_payout(self, payout: Payout) -> None:
        self.index.put_payout(payout)

    def put_rates(self, rates: Rates) -> None:
        self.index.put_rates(rates)

    def decide(self, line: Line) -> Answer:
        """Return what the line is for; nothing changes."""
        if self._entry(line) in self._seen:
            return Answer(line.id, "none", because="The bank sent this entry before.")
        payout = self._payout(line)
        if payout:
            return payout
        batch = self._batch(line)
        if batch:
            return batch
        if not self._own_accounts.isdisjoint(read(line).accounts):
            return Answer(line.id, "none", because="A transfer between the tenant's own accounts.")
        if line.amount < 0:
            return self._outgoing(line)
        return self._incoming(line)

    @staticmethod
    def _entry(line: Line) -> tuple[object, ...]:
        return (line.account, line.bank_reference or line.id, line.amount, line.currency, line.booked_on)

    # payouts and batches

    def _payout(self, line: Line) -> Answer | None:
        found = [each for each in self.index.payouts_of(line.currency, line.amount) if not each.settled]
        if not found:
            return None
        text = " ".join((*line.texts, line.counterparty_name or "")).upper()
        traced = [each for each in found if each.trace_id and each.trace_id in text]
        speaking = "STRIPE" in text
        near = [each for each in found if -3 <= (line.booked_on - each.arrival_on).days <= 7] if speaking else []
        chosen = traced or near
        if not chosen:
            return None
        chosen.sort(key=lambda each: (abs((line.booked_on - each.arrival_on).days), each.arrival_on, each.id))
        first = chosen[0]
        share = Share("payout", first.id, line.amount, line.amount)
        evidence = (Evidence("payout", "The net amount and the days are the payout's."),)
        sure = traced or len(chosen) == 1 or chosen[1].arrival_on != first.arrival_on
        proposals = tuple(
            Proposal((Share("payout", each.id, line.amount, line.amount),), 0.999 if sure and each is first else 0.5, evidence)
            for each in chosen[:_MOST_PROPOSALS]
        )
        return Answer(line.id, "post" if sure else "propose", proposals)

    def _batch(self, line: Line) -> Answer | None:
        if line.amount <= 0 or not self._is_own(line):
            return None
        for days in _COLLECTED_WITHIN:
            documents = self.index.collected(line.currency, line.booked_on - timedelta(days=days))
            if documents and sum(each.open for each in documents) == line.amount:
                shares = tuple(Share("invoice", each.id, each.open, each.open) for each in documents)
                evidence = (Evidence("batch", "The sum of the day's direct debits."),)
                return Answer(line.id, "post", (Proposal(shares, 0.999, evidence),))
        return None

    def _is_own(self, line: Line) -> bool:
        """Tell whether the line may be the tenant's own doing: nobody else is named as payer."""
        foreign = set(read(line).accounts) - self._own_accounts
        name = heard(name_words(line.counterparty_name or ""), is_name=True)
        return not foreign and (
            not name.words or any(likeness(each, name) >= Likeness.NEAR for each in self._own_names)
        )

    def _outgoing(self, line: Line) -> Answer:
        reading = read(line)
        found = outgoing(reading, self.index)
        if not found:
            return Answer(line.id, "none")
        owners = {each.customer for each in found if each.customer}
        who = payers(reading, self.index, self.memory, owners)
        describe_outgoing(reading, who, found)
        none = ["none:out"]
        self.debug.append((none, found))
        return self._answer(line, none, found)

    # invoices

    def _incoming(self, line: Line) -> Answer:
        reading = read(line)
        found_hits = hits(reading, self.index)
        owners = {
            customer
            for id in list(self.index.owed(line.currency, line.amount))[:40]
            if (customer := self.index.documents[id].customer)
        }
        who = payers(reading, self.index, self.memory, owners)
        hypotheses = Hypotheses(self.index, self.memory, self.index.rates_on(line.booked_on))
        scene = hypotheses.scene(reading, who, found_hits, self._reserved_by_others(line))
        found = hypotheses.of(scene)
        describe(scene, found, self.index)
        none = describe_none(scene, self.memory.strangeness(reading.words))
        self.debug.append((none, found))
        return self._answer(line, none, found)

    def _answer(self, line: Line, none: list[str], found: list[Hypothesis]) -> Answer:
        scores = [_score(each.features) for each in found]
        nothing = _score(none)
        top = max((*scores, nothing))
        total = sum(math.exp(each - top) for each in (*scores, nothing))
        ranked = sorted(
            ((math.exp(score - top) / total, each) for score, each in zip(scores, found, strict=True)),
            key=lambda pair: (-pair[0], [(document.number, str(document.id)) for document in pair[1].documents]),
        )
        proposals = tuple(
            Proposal(closing.shares(line, each.documents, each.how), p, tuple(Evidence(f, f) for f in each.features))
            for p, each in ranked[:_MOST_PROPOSALS]
        )
        empty = math.exp(nothing - top) / total
        if not ranked or empty > 0.5 and empty > ranked[0][0]:
            return Answer(line.id, "none")
        best = ranked[0][0]
        second = max(ranked[1][0] if len(ranked) > 1 else 0.0, empty)
        if ranked[0][1].doubt is None and best >= self.policy.least_probability and best - second >= self.policy.least_margin and self.policy.automatic:
            return Answer(line.id, "post", proposals)
        return Answer(line.id, "propose", proposals)

    # what happens

    def settle(self, line: Line, shares: Sequence[Share], *, by_user: bool) -> None:
        self._move(shares, 1)
        self._pay(line, shares)
        self._settled[line.id] = (line, tuple(shares), by_user)
        self._free(line.id)
        self._seen.add(self._entry(line))
        if by_user or shares:
            self._learn(line, shares, 1)

    def keep(self, line: Line, answer: Answer) -> None:
        """Remember the entry; what is proposed is reserved softly until somebody decides."""
        self._seen.add(self._entry(line))
        self._free(line.id)
        if answer.verdict == "propose":
            self._reserved[line.id] = tuple(each.document for each in answer.proposals[0].shares)

    def _free(self, line: UUID) -> None:
        self._reserved.pop(line, None)

    def _reserved_by_others(self, line: Line) -> frozenset[UUID]:
        return frozenset(
            document for other, documents in self._reserved.items() if other != line.id for document in documents
        )

    def unsettle(self, line_id: UUID) -> None:
        line, shares, by_user = self._settled.pop(line_id)
        self._move(shares, -1)
        self._learn(line, shares, -1)
        self.memory.part(line_id, [each.document for each in shares])

    def recall(self, line: Line, shares: Sequence[Share]) -> None:
        self._seen.add(self._entry(line))
        self._learn(line, shares, 1)
        self._pay(line, shares)

    def _pay(self, line: Line, shares: Sequence[Share]) -> None:
        for share in shares:
            if share.type == "invoice" and share.amount > 0:
                self.index.pay(line.currency, share.amount, share.document)

    def _move(self, shares: Sequence[Share], sign: int) -> None:
        for share in shares:
            document = self.index.documents.get(share.document)
            if document and share.type in {"invoice", "credit_note"}:
                moved = abs(share.document_amount) + share.write_off
                if share.type == "invoice" and share.amount < 0:
                    moved = -moved
                self.index.put_document(replace(document, open=min(document.amount, max(0, document.open - sign * moved))))
            payout = self.index.payouts.get(share.document)
            if payout:
                self.index.put_payout(replace(payout, settled=payout.settled + sign * share.amount))

    def _learn(self, line: Line, shares: Sequence[Share], count: int) -> None:
        customers = {
            document.customer
            for share in shares
            if (document := self.index.documents.get(share.document)) and share.amount > 0
        }
        reading = read(line)
        name = heard(reading.payer, is_name=True).whole if reading.payer else None
        if len(customers) == 1 or (not shares and line.amount > 0):
            customer = next(iter(customers)) if customers else None
            self.memory.learn(reading.accounts, name, reading.words, customer, count)


def _score(features: Sequence[str]) -> float:
    return sum(WEIGHTS.get(each, 0.0) for each in features)
