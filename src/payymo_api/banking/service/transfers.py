"""Find transfers between the tenant's own accounts, and undo what turns out to be none."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from payymo_api.banking.events import TransactionsSynced
from payymo_api.banking.models import Transaction
from payymo_api.banking.repository import TransactionRepository
from payymo_api.banking.repository.labels import Labelled
from payymo_api.banking.repository.rollups import tracked
from payymo_api.banking.repository.transfers import TransferRepository
from payymo_api.banking.rules.categories import TRANSFER
from payymo_api.banking.rules.categorising import Facts
from payymo_api.banking.rules.transfers import OwnAccount, Side, is_transfer, pairs
from payymo_api.banking.service.categorising import relabel
from payymo_api.banking.service.updates import announce_updated
from payymo_api.core.db import Database, Scope
from payymo_api.core.types import AccountId, TenantId, TransactionId
from payymo_api.messaging import outbox

Accounts = Mapping[AccountId, OwnAccount]
_OVERRULED: Final = {None, "default"}
"""What a transfer's category goes before; memory and rules go before it."""


async def pair(scope: Scope, rows: Sequence[Transaction]) -> set[TransactionId]:
    """Pair the transfers that these locked, booked lines are part of; return which lines are."""
    transfers = TransferRepository(scope)
    accounts = await transfers.own_accounts()
    if len(accounts) == 1 or not await _found(transfers, rows, accounts):
        return set()
    await transfers.hold()
    found = await _found(transfers, rows, accounts)  # others may have paired while we waited
    mine = {row.id: row for row in rows}
    partners = {id for both in found for id in both if id not in mine}
    lines = mine | {row.id: row for row in await transfers.locked_free(partners)}
    made = [(lines[a], lines[b]) for a, b in found if a in lines and b in lines]
    async with tracked(scope, [row for both in made for row in both]):
        for one, other in made:
            _join(one, other)
            _join(other, one)
    ids = {row.id for both in made for row in both}
    await announce_updated(scope, await transfers.fresh(ids))
    return ids


async def _found(
    transfers: TransferRepository, rows: Sequence[Transaction], accounts: Accounts
) -> list[tuple[TransactionId, TransactionId]]:
    """A line of an account that is newer than our reading of the accounts finds its pair itself."""
    mine = {row.id for row in rows}
    around = await transfers.around(rows)
    sides = [_side(each) for each in around if each.account_id in accounts]
    return [both for both in pairs(sides, accounts) if mine.intersection(both)]


def _join(row: Transaction, other: Transaction) -> None:
    row.transfer_of, row.match_state = other.id, "ignored"
    if row.category_source in _OVERRULED:
        row.category, row.category_source = TRANSFER, "transfer"


async def review(database: Database, tenant_id: TenantId, id: TransactionId) -> None:
    """A line of a pair was changed or removed: see whether it is still one."""
    async with database.scope(tenant_id) as scope:
        lines = TransactionRepository(scope)
        parted = await part(scope, await lines.locked_with_partners([id]))
        await announce_updated(scope, await lines.fresh(parted))


async def part(scope: Scope, rows: Collection[Transaction]) -> set[TransactionId]:
    """Undo the pairs among locked lines that hold no longer; their lines are matched anew."""
    paired = {row.id: row for row in rows if row.transfer_of}
    if not paired:
        return set()
    accounts = await TransferRepository(scope).own_accounts()
    parted = [row for row in paired.values() if not _holds(row, paired, accounts)]
    async with tracked(scope, parted):
        for row in parted:
            row.transfer_of = row.examined_at = None
            row.match_state = "unmatched" if row.match_state == "ignored" else row.match_state
    await scope.session.flush()
    ids = {row.id for row in parted}
    accounts_parted = sorted({row.account_id for row in parted})
    await relabel(scope, await TransactionRepository(scope).locked(ids))
    await outbox.record(scope, *(TransactionsSynced(account_id=id) for id in accounts_parted))
    return ids


def _holds(
    row: Transaction, paired: Mapping[TransactionId, Transaction], accounts: Accounts
) -> bool:
    other = paired.get(row.transfer_of) if row.transfer_of else None
    if other is None or "pending" in {row.status, other.status}:
        return False
    if any(each.category_source == "user" and each.category != TRANSFER for each in (row, other)):
        return False
    return is_transfer(_side(row), _side(other), accounts)


def _side(row: Labelled) -> Side:
    facts = Facts.of(row, row.account_id)
    return Side(
        id=row.id,
        account_id=row.account_id,
        amount_minor=row.amount_minor,
        currency=row.currency,
        booked_on=row.booked_on,
        text=facts.text,
        name=facts.name,
        iban=facts.iban,
    )
