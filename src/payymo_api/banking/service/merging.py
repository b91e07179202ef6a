"""Write what a merge found, and announce it: the same for a feed and for a file."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from payymo_api.banking.events import (
    LineRemoved,
    TransactionCreated,
    TransactionRemoved,
    TransactionsImported,
    TransactionsSynced,
    TransactionUpdated,
    TransferDoubted,
)
from payymo_api.banking.lines import Balance
from payymo_api.banking.models import BankAccount
from payymo_api.banking.repository import writes
from payymo_api.banking.repository.new_lines import NewLine, new_line
from payymo_api.banking.rules import merge as rules
from payymo_api.banking.rules.line import Line
from payymo_api.banking.rules.merge import Merge, Window
from payymo_api.banking.schemas.transactions import ImportedNews, Sums
from payymo_api.banking.service.answers import sums
from payymo_api.banking.service.categorising import labelling, relabel
from payymo_api.banking.service.news import news
from payymo_api.core.bulk import made_ahead, slices
from payymo_api.core.clock import now
from payymo_api.core.db import Scope
from payymo_api.core.types import AccountId
from payymo_api.edge import exact
from payymo_api.messaging import outbox


@dataclass(frozen=True, slots=True)
class Telling:
    """Lines of an account as one source tells them.

    `first`, `last`: the days of ours to compare with; `window`: see `rules.merge`; `in_bulk`: one
    summary is announced, and the lines' own events are marked.
    """

    lines: Sequence[Line]
    first: date
    last: date
    window: Window | None
    in_bulk: bool


async def keep(scope: Scope, account: BankAccount, telling: Telling) -> Merge:
    """Bring the account's lines up to date; the caller holds the account's row lock."""
    kept = await writes.kept(scope, account.id, telling.first, telling.last)
    found = await asyncio.to_thread(rules.merge, kept, telling.lines, telling.window)
    await _change(scope, account, found)
    await _add(scope, account, telling, found)
    if _brings_work(found):
        await outbox.record(scope, TransactionsSynced(account_id=account.id))
    return found


def _brings_work(found: Merge) -> bool:
    """Tell whether a booked line is new or says something new: matching looks at no other."""
    return any(change.kept.booked or "booked" in change.values for change in found.modified) or any(
        each.line.booked for each in found.added
    )


async def _change(scope: Scope, account: BankAccount, found: Merge) -> None:
    """Changes and removals come first: an added line may take the place of one that moved."""
    id = account.connection_id
    changed = await writes.change(scope, found.modified, now())
    await relabel(scope, changed)
    removed = await writes.remove(scope, found.removed, now())
    doubted = [row.id for row in (*changed, *removed) if row.transfer_of]
    matched = [row.id for row in removed if row.settled_minor or row.match_state != "unmatched"]
    await outbox.record(
        scope,
        *(TransactionUpdated(data=news(row, id)) for row in changed),
        *(TransactionRemoved(data=news(row, id)) for row in removed),
        *(LineRemoved(transaction_id=id) for id in sorted(matched)),
        *(TransferDoubted(transaction_id=id) for id in sorted(doubted)),
    )


async def _add(scope: Scope, account: BankAccount, telling: Telling, found: Merge) -> None:
    """Write and announce some lines at a time: a first sync may bring a hundred thousand."""
    if not found.added:
        return
    added = [each.line for each in found.added]
    label = await labelling(scope, account.id, added)
    account_id, connection_id, moment = account.id, account.connection_id, now()
    created = TransactionCreated(data="", each_line=telling.in_bulk)

    def make(some: slice) -> tuple[list[NewLine], list[str]]:
        rows = [
            new_line(account_id, placed, label(placed.line), moment) for placed in found.added[some]
        ]
        return rows, [news(row, connection_id) for row in rows]

    async for rows, told in made_ahead(make, slices(len(added))):
        await writes.add(scope, rows)
        await outbox.record_each(scope, told, created)
    if telling.in_bulk:
        await outbox.record(scope, TransactionsImported(data=_summary(account.id, added)))


def _summary(account_id: AccountId, added: Sequence[Line]) -> str:
    days = [line.booked_on for line in added]
    amounts: dict[str, list[int]] = defaultdict(list)
    for line in added:
        amounts[line.currency].append(line.amount_minor)
    told = ImportedNews(
        account_id=account_id,
        count=len(added),
        date_from=min(days),
        date_to=max(days),
        currencies=[_sums(currency, amounts[currency]) for currency in sorted(amounts)],
    )
    return exact.dump(told).decode()


def _sums(currency: str, amounts: Sequence[int]) -> Sums:
    return sums(
        currency,
        len(amounts),
        sum(each for each in amounts if each > 0),
        sum(each for each in amounts if each < 0),
    )


def balances_told(balances: Sequence[Balance]) -> list[dict[str, object]]:
    return [
        {
            "type": each.type,
            "minor": each.amount.minor,
            "currency": each.amount.currency,
            "reference_on": each.reference_on and each.reference_on.isoformat(),
        }
        for each in balances
    ]
