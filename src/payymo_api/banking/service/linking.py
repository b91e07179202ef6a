"""The accounts of a consent: every consent names them anew, so they are known by their numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

from payymo_api.banking.models import BankAccount, BankConnection
from payymo_api.banking.repository import AccountRepository
from payymo_api.banking.rules import schedule
from payymo_api.banking.service.allowances import budget_of, forget
from payymo_api.banking.service.runs import request_sync
from payymo_api.core.clock import now
from payymo_api.core.db import Scope
from payymo_api.core.types import AccountId, new_id


@dataclass(frozen=True, slots=True)
class Arrival:
    """An account that a consent brings."""

    ref: str
    currency: str
    iban: str | None
    bban: str | None
    masked_pan: str | None
    name: str | None
    owner_name: str | None


async def link(
    scope: Scope,
    connection: BankConnection,
    held: Sequence[BankAccount],
    arrivals: Sequence[Arrival],
) -> None:
    """Give each account its feed and queue its first reading; what is `held` no more loses it.

    An account that has another connection's feed moves to this one: one feed per account.
    """
    accounts = AccountRepository(scope)
    await accounts.hold()
    linked = []
    for arrival in arrivals:
        row = await _known(accounts, arrival) or accounts.add(_new(arrival))
        _feed(row, connection, arrival)
        linked.append(row)
    for row in held:
        if row not in linked:
            unlink(row)
    await scope.session.flush()
    for row in linked:
        await request_sync(scope, row, "connected")


async def _known(accounts: AccountRepository, arrival: Arrival) -> BankAccount | None:
    """Find by IBAN and currency, else by one of the bank's other numbers, under no other IBAN."""
    numbers = [(arrival.iban, None), (None, arrival.bban), (None, arrival.masked_pan)]
    for iban, other_id in numbers:
        for row in await accounts.named(iban, other_id):
            is_same = row.iban is None or arrival.iban in {None, row.iban}
            if row.currency == arrival.currency and is_same:
                return row
    return None


def _new(arrival: Arrival) -> BankAccount:
    return BankAccount(id=AccountId(new_id()), currency=arrival.currency)


def _feed(row: BankAccount, connection: BankConnection, arrival: Arrival) -> None:
    row.connection_id, row.status = connection.id, "active"
    row.error_code = row.error_detail = None
    row.iban = row.iban or arrival.iban
    row.other_id = row.other_id or arrival.bban or arrival.masked_pan
    row.name = row.name or arrival.name
    row.owner_name = arrival.owner_name or row.owner_name
    if row.provider_ref != arrival.ref:
        row.provider_ref = arrival.ref
        forget(row)
    row.next_sync_at = schedule.next_reading(now(), row.id, budget_of(row))


def unlink(row: BankAccount) -> None:
    """Keep the account and its history without a feed."""
    row.connection_id = row.provider_ref = row.next_sync_at = None
    row.error_code = row.error_detail = None
    forget(row)
    row.status = "no_feed"
