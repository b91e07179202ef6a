"""Give lines their merchant and category: at the write, and again when reasons change."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple
from typing import TypeVar

from payymo_api.banking.models import Transaction
from payymo_api.banking.repository import labels as stored
from payymo_api.banking.repository.categories import MemoryRepository, RuleRepository
from payymo_api.banking.repository.labels import Labelled
from payymo_api.banking.rules.categorising import (
    Counterparty,
    Described,
    Facts,
    Label,
    Rulebook,
    decide,
)
from payymo_api.core.clock import now
from payymo_api.core.db import Scope
from payymo_api.core.types import AccountId, TransactionId

BATCH = 1000
T = TypeVar("T")


async def labelling(
    scope: Scope, account_id: AccountId, lines: Sequence[Described]
) -> Callable[[Described], Label]:
    """Return what labels these new lines, in any thread: it asks the database nothing more."""
    book = await rulebook(scope)
    if len(lines) > BATCH:  # a tenant has fewer memories than so many lines have counterparties
        remembered = await MemoryRepository(scope).all()
    else:
        remembered = await recall(scope, [Facts.of(line, account_id) for line in lines])
    return lambda line: decide(Facts.of(line, account_id), book, remembered)


async def relabel(scope: Scope, rows: Sequence[Transaction]) -> list[Transaction]:
    """Decide anew about locked lines; return those that it changed."""
    decided = await differing(scope, rows)
    labels = [(row, found) for row in rows if (found := decided.get(row.id))]
    await stored.write(scope, labels, now())
    return [row for row, _ in labels]


async def differing(scope: Scope, rows: Sequence[Labelled]) -> Mapping[TransactionId, Label]:
    """Return the labels that lines would get now, of those whose label is another."""
    if not rows:
        return {}
    book = await rulebook(scope)
    found: dict[TransactionId, Label] = {}
    for some in _batches(rows):
        facts = [Facts.of(row, row.account_id) for row in some]
        remembered = await recall(scope, facts)
        for row, each in zip(some, facts, strict=True):
            new = _label(row, each, book, remembered)
            if astuple(new) != (row.merchant, row.category, row.category_source):
                found[row.id] = new
    return found


def _label(
    row: Labelled, facts: Facts, book: Rulebook, remembered: Mapping[Counterparty, str]
) -> Label:
    """What a user has chosen stays."""
    if row.category_source == "user":
        return Label(facts.merchant, row.category, "user")
    return decide(facts, book, remembered, is_transfer=row.transfer_of is not None)


async def rulebook(scope: Scope) -> Rulebook:
    return Rulebook(await RuleRepository(scope).enabled())


async def recall(scope: Scope, facts: Iterable[Facts]) -> Mapping[Counterparty, str]:
    counterparties = {each.counterparty for each in facts if each.counterparty}
    return await MemoryRepository(scope).of(counterparties)


async def remember(scope: Scope, rows: Iterable[Transaction]) -> None:
    """Keep what a user chose for these lines, for later ones of the same counterparties."""
    chosen = {
        counterparty: row.category
        for row in rows
        if row.category and (counterparty := Facts.of(row, row.account_id).counterparty)
    }
    await MemoryRepository(scope).remember(chosen)


def _batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]
