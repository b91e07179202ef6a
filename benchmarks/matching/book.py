"""A tenant's books at a moment: what is open, what was settled, who paid from which account."""

from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import combinations

from benchmarks.matching.reading import fits, fold, names_whole, squeeze, words
from benchmarks.matching.values import Customer, Document, Draft, Part, Payer, Seen

MOST_IN_A_SET = 14
"""More open documents of one customer than this, and nobody tries which of them add up."""
_KNOWN_BY_THEN = 3
"""Days after which a user has said whose money a line was."""
_NAMELESS = frozenset({"iban_crm", "none"})
"""Payers whose bank gives no name, or its own."""
_HABIT = 2
"""So much makes a habit: an account that paid for the customer once, a name that did so twice."""


class Book:
    def __init__(self, customers: Sequence[Customer]) -> None:
        self.customers = customers
        self.open: dict[str, Document] = {}
        self.settled: list[tuple[date, Part]] = []
        self._by_start: dict[str, list[Customer]] = defaultdict(list)
        self._by_number = {customer.number: customer for customer in customers}
        self._habits: dict[str, Counter[str]] = defaultdict(Counter)
        self._news: deque[tuple[date, str, str, int]] = deque()
        self._by_id = {customer.id: customer for customer in customers}
        for customer in customers:
            if customer.known:
                self._habits[customer.payer.iban[4:]][customer.id] = _HABIT
            for start in _starts(f"{customer.name} {customer.trading_name or ''}"):
                self._by_start[start].append(customer)

    def add(self, document: Document) -> None:
        self.open[document.id] = document

    def of(self, customer: Customer, day: date, currency: str) -> list[Document]:
        """Return what this customer may pay by transfer that day, the oldest due first."""
        return sorted(
            (
                document
                for document in self.open.values()
                if document.customer is customer
                and document.issued <= day
                and document.currency == currency
                and document.method == "bank_transfer"
            ),
            key=lambda document: (document.due, document.id),
        )

    def settle(self, draft: Draft, seen: Seen, day: date) -> None:
        for part in draft.parts:
            document = part.document
            if document is None:
                continue
            document.open -= part.settles
            if document.open == 0:
                self.open.pop(document.id, None)
            else:
                self.open[document.id] = document
            self.settled.append((day, part))
        if draft.customer and draft.parts:
            self._news.append((day, seen.account[4:], draft.customer.id, _HABIT))
            if draft.evidence.payer not in _NAMELESS:
                self._news.append((day, squeeze(seen.name), draft.customer.id, 1))

    def lately_settled(self, day: date, days: int = 45) -> Iterator[Part]:
        """Yield what was settled on the days before this one, and still is."""
        for when, part in reversed(self.settled):
            if when < day - timedelta(days):
                return
            if when < day:
                yield part

    def payers(self, seen: Seen, day: date) -> list[Customer]:
        """Return who may have paid: by customer number, else by account, else by name."""
        self._hear(day)
        text = fold(seen.text)
        numbers = [self._by_number[each] for each in words(text) if each in self._by_number]
        if numbers:
            return numbers
        if by_account := self._whose(seen.account[4:]):
            return by_account
        found = {customer.id: customer for customer in self._whose(squeeze(seen.name))}
        for start in _starts(seen.name):
            close = self._by_start.get(start, ())
            found |= {each.id: each for each in close if fits(each, seen.name)}
        return list(found.values())

    def knows(self, payer: Payer, day: date) -> bool:
        """Say whether users have told often enough whose money this payer sends."""
        self._hear(day)
        return bool(self._whose(payer.iban[4:]) or self._whose(squeeze(payer.name)))

    def _whose(self, habit: str) -> list[Customer]:
        known: Mapping[str, int] = self._habits.get(habit, {}) if habit else {}
        return [self._by_id[each] for each, times in known.items() if times >= _HABIT]

    def _hear(self, day: date) -> None:
        while self._news and self._news[0][0] <= day - timedelta(_KNOWN_BY_THEN):
            _, habit, customer, weight = self._news.popleft()
            self._habits[habit][customer] += weight

    def named(self, seen: Seen, day: date) -> list[Document]:
        """Return the open documents whose number or reference stands whole in the text."""
        text = fold(seen.text)
        return [
            document
            for document in self.open.values()
            if document.issued <= day
            and (names_whole(document, text) or seen.end_to_end.endswith(end_to_end_of(document)))
        ]


def end_to_end_of(document: Document) -> str:
    return "".join(each for each in document.number.upper() if each.isalnum())


def _starts(name: str) -> set[str]:
    return {word[:2] for word in words(name)}


def sums(documents: Sequence[Document], target: int) -> list[frozenset[str]]:
    """Return the sets of documents that add up to the target."""
    half = len(documents) // 2
    left: dict[int, list[tuple[Document, ...]]] = defaultdict(list)
    for total, chosen in _choices(documents[:half]):
        left[total].append(chosen)
    found = [
        frozenset(document.id for document in (*chosen, *other))
        for total, chosen in _choices(documents[half:])
        for other in left.get(target - total, ())
    ]
    return [each for each in found if each]


def _choices(documents: Sequence[Document]) -> Iterator[tuple[int, tuple[Document, ...]]]:
    for count in range(len(documents) + 1):
        for chosen in combinations(documents, count):
            yield sum(document.signed * document.open for document in chosen), chosen
