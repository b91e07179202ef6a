"""Write what a merge found, and announce it: the same for a feed and for a file."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

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
from payymo_api.banking.models import BankAccount, Transaction
from payymo_api.banking.repository import TransactionRepository, writes
from payymo_api.banking.rules import merge as rules
from payymo_api.banking.rules.line import Line
from payymo_api.banking.rules.merge import Merge, Window
from payymo_api.banking.schemas.transactions import ImportedNews, Sums
from payymo_api.banking.service.answers import news, sums
from payymo_api.banking.service.categorising import label, relabel
from payymo_api.core.clock import now
from payymo_api.core.db import Scope
from payymo_api.core.types import AccountId
from payymo_api.edge import exact
from payymo_api.messaging import outbox
from payymo_api.messaging.events import Event


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
    rows = await TransactionRepository(scope).of_days(account.id, telling.first, telling.last)
    by_id = {row.id: row for row in rows}
    found = rules.merge([writes.kept(row) for row in rows], telling.lines, telling.window)
    moment = now()
    changed = [(change, by_id[change.kept.id]) for change in found.modified]
    turned_booked = any("booked" in change.values for change in found.modified)
    await writes.change(scope, changed, moment)
    await relabel(scope, [row for _, row in changed])
    removed = [by_id[kept.id] for kept in found.removed]
    doubted = [row.id for row in (*removed, *(row for _, row in changed)) if row.transfer_of]
    matched = await writes.remove(scope, removed, moment)
    labels = await label(scope, account.id, [each.line for each in found.added])
    added = await writes.add(scope, account.id, found.added, labels, moment)
    await _announce(scope, account, telling, added, [row for _, row in changed])
    await outbox.record(
        scope,
        *(TransactionRemoved(data=news(row, account.connection_id)) for row in removed),
        *(LineRemoved(transaction_id=id) for id in sorted(matched)),
        *(TransferDoubted(transaction_id=id) for id in sorted(doubted)),
    )
    if turned_booked or any(row.status == "booked" for row in added):
        await outbox.record(scope, TransactionsSynced(account_id=account.id))
    return found


async def _announce(
    scope: Scope,
    account: BankAccount,
    telling: Telling,
    added: Sequence[Transaction],
    changed: Sequence[Transaction],
) -> None:
    id = account.connection_id
    events: list[Event] = [
        TransactionCreated(data=news(row, id), each_line=telling.in_bulk) for row in added
    ]
    events += [TransactionUpdated(data=news(row, id)) for row in changed]
    if telling.in_bulk and added:
        events.append(TransactionsImported(data=_summary(account.id, added)))
    await outbox.record(scope, *events)


def _summary(account_id: AccountId, added: Sequence[Transaction]) -> str:
    days = [row.booked_on for row in added]
    told = ImportedNews(
        account_id=account_id,
        count=len(added),
        date_from=min(days),
        date_to=max(days),
        currencies=[
            _sums(currency, [row.amount_minor for row in rows])
            for currency, rows in groupby(
                sorted(added, key=lambda row: row.currency), key=lambda row: row.currency
            )
        ],
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
