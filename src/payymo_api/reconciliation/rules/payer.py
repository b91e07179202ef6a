"""Who paid: a question of its own, answered once per line."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from heapq import nsmallest
from uuid import UUID

from payymo_api.invoicing.rules.names import Heard, Likeness, ends, heard, likeness
from payymo_api.reconciliation.rules.index import Index
from payymo_api.reconciliation.rules.memory import Memory
from payymo_api.reconciliation.rules.reading import Reading

MOST_COMPARED = 24


class Grade(IntEnum):
    """What says that a customer paid, weakest first."""

    STRANGER = 0
    SHARED = 1
    INITIAL = 2
    HEARD = 3
    """The customer's name stands in the text, but the payer is called otherwise."""
    WITHIN = 4
    """The payer's name holds the customer's, and more."""
    NEAR = 5
    WHOLE = 6
    SAME = 7
    ALIAS = 8
    """A payer of this name was confirmed to pay for the customer."""
    NUMBER = 9
    """The customer's number stands in the text."""
    ACCOUNT = 10
    """The tenant's own records name the account."""
    CONFIRMED = 11
    """Money from this account was confirmed to be the customer's."""


@dataclass(frozen=True, slots=True)
class Payers:
    """Grades by customer, and what else is known of who paid."""

    grades: Mapping[UUID, Grade]
    named: bool
    """The bank or the text says who paid, so that a customer who isn't found is another's loss."""
    elsewhere: int
    """How often money of this payer was said to belong nowhere."""
    keys: tuple[str, ...] = ()
    """Accounts and name by which the payer is remembered."""

    def grade(self, customer: UUID | None) -> Grade:
        return self.grades.get(customer, Grade.STRANGER) if customer else Grade.STRANGER

    def best(self, count: int, least: Grade) -> list[UUID]:
        """Return the best customers, those of equal grade in the order of their ids."""
        ranked = sorted(self.grades.items(), key=lambda each: (-each[1], each[0]))
        return [customer for customer, grade in ranked[:count] if grade >= least]

    def rivals(self, customer: UUID | None) -> tuple[int, int]:
        """Return how many others have a better grade, and how many the same."""
        mine = self.grade(customer)
        others = [grade for each, grade in self.grades.items() if each != customer]
        return sum(grade > mine for grade in others), sum(grade == mine for grade in others)


_BY_NAME = {
    Likeness.SHARED: Grade.SHARED,
    Likeness.INITIAL: Grade.INITIAL,
    Likeness.WITHIN: Grade.WITHIN,
    Likeness.NEAR: Grade.NEAR,
    Likeness.WHOLE: Grade.WHOLE,
    Likeness.SAME: Grade.SAME,
}
_BY_TEXT = {
    Likeness.SHARED: Grade.STRANGER,
    Likeness.INITIAL: Grade.SHARED,
    Likeness.NEAR: Grade.INITIAL,
    Likeness.WHOLE: Grade.HEARD,
}
_BY_TEXT_ALONE = {
    **_BY_TEXT,
    Likeness.INITIAL: Grade.INITIAL,
    Likeness.NEAR: Grade.HEARD,
    Likeness.WHOLE: Grade.WHOLE,
}
"""Where the bank gives no name, the text's is the payer's."""


def payers(reading: Reading, index: Index, memory: Memory, owners: Iterable[UUID] = ()) -> Payers:
    """Grade every customer for whom anything speaks; `owners` are compared in any case."""
    name = heard(reading.payer, is_name=True) if reading.payer else None
    grades: dict[UUID, Grade] = {}
    known = _remembered(reading, memory, name)
    for customer, grade in (
        *_alike(reading, index, name, owners),
        *_recorded(reading, index),
        *((customer, grade) for customer, _, grade in known if customer),
    ):
        if grade > grades.get(customer, Grade.STRANGER):
            grades[customer] = grade
    if any(grade in {Grade.WHOLE, Grade.SAME} for grade in grades.values()):
        _give_way(grades)
    elsewhere = max((count for customer, count, _ in known if customer is None), default=0)
    return Payers(grades, name is not None, elsewhere, payer_keys(reading))


def _give_way(grades: dict[UUID, Grade]) -> None:
    """A name that is one customer's as it stands isn't another's, cut, misspelt or within."""
    for customer, grade in grades.items():
        if grade in {Grade.WITHIN, Grade.NEAR}:
            grades[customer] = Grade.SHARED


def payer_keys(reading: Reading) -> tuple[str, ...]:
    """Return the accounts and the name by which a payer is remembered."""
    name = (heard(reading.payer, is_name=True).whole,) if reading.payer else ()
    return (*reading.accounts, *name)


def _alike(
    reading: Reading, index: Index, name: Heard | None, owners: Iterable[UUID]
) -> Iterator[tuple[UUID, Grade]]:
    """By name: the payer's, and what the text says beside it or in its place."""
    text = heard(reading.words, is_name=False)
    by_text = _BY_TEXT if name else _BY_TEXT_ALONE
    for customer in {*sharing(name, index), *sharing(text, index), *owners}:
        yield customer, _BY_NAME.get(_like(index, customer, name), Grade.STRANGER)
        yield customer, by_text.get(_like(index, customer, text), Grade.STRANGER)


def _recorded(reading: Reading, index: Index) -> Iterator[tuple[UUID, Grade]]:
    """By what the tenant's own records say of its customers."""
    for key in reading.keys:
        yield from ((customer, Grade.NUMBER) for customer in index.numbered(key))
    for account in reading.accounts:
        yield from ((customer, Grade.ACCOUNT) for customer in index.holders(account))


def _remembered(
    reading: Reading, memory: Memory, name: Heard | None
) -> list[tuple[UUID | None, int, Grade]]:
    """By what was confirmed: customer (None: belongs nowhere), how often, and what it says."""
    found = [(memory.of_name(name.whole), Grade.ALIAS)] if name else []
    found += [(memory.of_account(each), Grade.CONFIRMED) for each in reading.accounts]
    return [
        (customer, count, grade)
        for counts, grade in found
        for customer, count in counts.items()
        if count > 0
    ]


def _like(index: Index, customer: UUID, words: Heard | None) -> Likeness:
    if words is None:
        return Likeness.NONE
    return max(
        (likeness(each, words) for each in index.names.get(customer, ())), default=Likeness.NONE
    )


def sharing(words: Heard | None, index: Index) -> list[UUID]:
    """Return the customers who share most words with what was heard."""
    if words is None:
        return []
    found = {word: index.bearers(word) for word in words.words}
    crowded = [each for word, each in found.items() if index.is_crowd(word)]
    few = [each for word, each in found.items() if each and not index.is_crowd(word)]
    counts: Counter[UUID] = Counter()
    for each in few:
        counts.update(each.keys())
    if crowded and (few or len(crowded) > 1):
        least = min(filter(None, crowded), key=len, default={})
        pool = counts if few else least
        for each in crowded:
            for customer in pool:
                if customer in each:
                    counts[customer] += 1
    if words.is_name and not counts:
        counts.update(id for end in ends(words.joined) for id in index.bearers(end))
    return nsmallest(MOST_COMPARED, counts, key=lambda each: (-counts[each], each))
