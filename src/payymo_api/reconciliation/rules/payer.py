"""Who paid: a question of its own, answered once per line."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from uuid import UUID

from payymo_api.reconciliation.rules.index import Index
from payymo_api.reconciliation.rules.memory import Memory
from payymo_api.reconciliation.rules.names import Heard, Likeness, heard, likeness
from payymo_api.reconciliation.rules.reading import Reading

_CROWD = 400
"""A word in more customers' names than this finds nobody by itself."""
_MOST_COMPARED = 24


class Grade(IntEnum):
    """What says that a customer paid, weakest first."""

    STRANGER = 0
    SHARED = 1
    INITIAL = 2
    HEARD = 3
    """The customer's name stands in the text, but the payer is called otherwise."""
    NEAR = 4
    WHOLE = 5
    SAME = 6
    ALIAS = 7
    """A payer of this name was confirmed to pay for the customer."""
    NUMBER = 8
    """The customer's number stands in the text."""
    ACCOUNT = 9
    """The tenant's own records name the account."""
    CONFIRMED = 10
    """Money from this account was confirmed to be the customer's."""


@dataclass(frozen=True, slots=True)
class Payers:
    """Grades by customer, and what else is known of who paid."""

    grades: Mapping[UUID, Grade]
    named: bool
    """The bank or the text says who paid, so that a customer who isn't found is another's loss."""
    elsewhere: int
    """How often money of this payer was said to belong nowhere."""

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


def payers(
    reading: Reading, index: Index, memory: Memory, owners: Iterable[UUID] = ()
) -> Payers:
    """Grade every customer for whom anything speaks; `owners` are compared in any case."""
    grades: dict[UUID, Grade] = {}

    def raise_to(customer: UUID, grade: Grade) -> None:
        if grade > grades.get(customer, Grade.STRANGER):
            grades[customer] = grade

    name = heard(reading.payer, is_name=True) if reading.payer else None
    text = heard(reading.words, is_name=False)
    for customer in {*_sharing(name, index), *_sharing(text, index), *owners}:
        by_name = _like(index, customer, name)
        by_text = _like(index, customer, text)
        raise_to(customer, _BY_NAME.get(by_name, Grade.STRANGER))
        if name is None and by_text == Likeness.WHOLE:
            raise_to(customer, Grade.WHOLE)
        raise_to(customer, _BY_TEXT.get(by_text, Grade.STRANGER))
    for key in reading.keys:
        for customer in index.numbered(key):
            raise_to(customer, Grade.NUMBER)
    for account in reading.accounts:
        for customer in index.holders(account):
            raise_to(customer, Grade.ACCOUNT)
    elsewhere = 0
    for known, grade in (
        (memory.of_name(name.whole if name else None), Grade.ALIAS),
        *((memory.of_account(each), Grade.CONFIRMED) for each in reading.accounts),
    ):
        for customer, count in known.items():
            if customer is None:
                elsewhere = max(elsewhere, count)
            elif count > 0:
                raise_to(customer, grade)
    return Payers(grades, name is not None, elsewhere)


def _like(index: Index, customer: UUID, words: Heard | None) -> Likeness:
    if words is None:
        return Likeness.NONE
    return max(
        (likeness(each, words) for each in index.names.get(customer, ())), default=Likeness.NONE
    )


def _sharing(words: Heard | None, index: Index) -> list[UUID]:
    """Return the customers who share most words with what was heard."""
    if words is None:
        return []
    found = [index.bearers(word) for word in set(words.words)]
    few = [each for each in found if 0 < len(each) <= _CROWD]
    crowded = [each for each in found if len(each) > _CROWD]
    counts: Counter[UUID] = Counter()
    for each in few:
        counts.update(each.keys())
    if crowded and (few or len(crowded) > 1):
        least = min(crowded, key=len)
        pool = counts if few else least
        for each in crowded:
            for customer in pool:
                if customer in each:
                    counts[customer] += 1
    return [customer for customer, _ in counts.most_common(_MOST_COMPARED)]
