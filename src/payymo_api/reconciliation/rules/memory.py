"""What one tenant's people taught the engine: who pays for whom, and what belongs nowhere."""

import math
from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

_MOST_TELLING = 3.0
"""No words outweigh the other evidence: log-odds."""
EVERY = ""
"""The word under which all lines are counted."""
Sides = tuple[int, int]
"""How many lines belonged nowhere, and how many were matched."""


class Memory:
    """Counts of confirmations; what is taken back is subtracted again."""

    def __init__(self) -> None:
        self._accounts: dict[str, dict[UUID | None, int]] = {}
        self._names: dict[str, dict[UUID | None, int]] = {}
        self._words: dict[str, Sides] = {}
        self._apart: set[tuple[UUID, UUID]] = set()
        self._not_for: set[tuple[str, UUID]] = set()

    def learn(
        self,
        accounts: Iterable[str],
        name: str | None,
        words: Iterable[str],
        customer: UUID | None,
        count: int = 1,
    ) -> None:
        """Remember that this payer's money was the customer's, or (None) belonged nowhere."""
        self.know_payer(accounts, name, customer, count)
        for word in {EVERY, *words}:
            nowhere, matched = self._words.get(word, (0, 0))
            self._words[word] = (
                (nowhere + count, matched) if customer is None else (nowhere, matched + count)
            )

    def know_payer(
        self, accounts: Iterable[str], name: str | None, customer: UUID | None, count: int
    ) -> None:
        """`learn` of the payer alone."""
        if name:
            _count(self._names, name, customer, count)
        for account in accounts:
            _count(self._accounts, account, customer, count)

    def know_words(self, words: Mapping[str, Sides]) -> None:
        """Take over how many lines these words stood in, and under `EVERY` how many there were."""
        self._words.update(words)

    def part(self, line: UUID, payers: Iterable[str], documents: Collection[UUID]) -> None:
        """Remember that the line is not for these documents, nor its payer's next by itself."""
        self._apart.update((line, each) for each in documents)
        self._not_for.update((payer, each) for payer in payers for each in documents)

    def join(self, line: UUID, payers: Iterable[str], documents: Collection[UUID]) -> None:
        """Forget that they were taken apart: somebody has said that they belong together."""
        self._apart.difference_update((line, each) for each in documents)
        self._not_for.difference_update((payer, each) for payer in payers for each in documents)

    def apart(self, line: UUID, document: UUID) -> bool:
        return (line, document) in self._apart

    def taken_back(self, payers: Iterable[str], document: UUID) -> bool:
        """Tell whether money of one of these accounts or names was taken back from it."""
        return any((payer, document) in self._not_for for payer in payers)

    def of_account(self, account: str) -> dict[UUID | None, int]:
        return self._accounts.get(account, {})

    def of_name(self, name: str) -> dict[UUID | None, int]:
        return self._names.get(name, {})

    def strangeness(self, words: Iterable[str]) -> float:
        """Return the log-odds that a line of these words belongs nowhere, between -3 and 3.

        The most telling word of the tenant's own past counts, with half an observation added to
        each side (Krichevsky and Trofimov), so that what was never seen tells nothing.
        """
        nowhere, matched = self._words.get(EVERY, (0, 0))
        if not nowhere or not matched:
            return 0.0
        best = 0.0
        for word in set(words):
            seen = self._words.get(word)
            if seen is None:
                continue
            odds = math.log((seen[0] + 0.5) / (nowhere + 1)) - math.log(
                (seen[1] + 0.5) / (matched + 1)
            )
            if abs(odds) > abs(best):
                best = odds
        return max(-_MOST_TELLING, min(_MOST_TELLING, best))


def _count(
    memory: dict[str, dict[UUID | None, int]], key: str, customer: UUID | None, count: int
) -> None:
    counts = memory.setdefault(key, {})
    counts[customer] = counts.get(customer, 0) + count
