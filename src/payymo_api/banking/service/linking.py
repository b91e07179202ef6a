"""The accounts of a consent: every consent names them anew, so they are known by their numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

from payymo_api.banking.gateway import AccountIdentity
from payymo_api.banking.models import BankAccount, BankConnection
from payymo_api.banking.repository import AccountRepository
from payymo_api.banking.rules import schedule
from payymo_api.banking.service.runs import request_sync
from payymo_api.core.clock import now
from payymo_api.core.db import Scope
from payymo_api.core.types import AccountId, new_id


@dataclass(frozen=True, slots=True)
class Arrival:
    """An account that a consent brings."""

    identity: AccountIdentity
    currency: str


async def link(scope: Scope, connection: BankConnection, arrivals: Sequence[Arrival]) -> None:
    """Give each account its feed and queue its first reading; what no longer comes loses it.

    An account that has another connection's feed moves to this one: one feed per account.
    """
    accounts = AccountRepository(scope)
    before = {row.id: row for row in await accounts.locked_of(connection.id)}
    linked = []
    for arrival in arrivals:
        row = await _known(accounts, arrival) or accounts.add(_new(arrival))
        _feed(row, connection, arrival)
        linked.append(row)
    for row in before.values():
        if row not in linked:
            unlink(row)
    await scope.session.flush()
    for row in linked:
        await request_sync(scope, row, "connected")


async def _known(accounts: AccountRepository, arrival: Arrival) -> BankAccount | None:
    """Find by IBAN and currency; by the bank's other number where there is no IBAN."""
    identity = arrival.identity
    same = await accounts.named(identity.iban, _other_id(identity))
    return next((row for row in same if row.currency == arrival.currency), None)


def _other_id(identity: AccountIdentity) -> str | None:
    return None if identity.iban else identity.bban or identity.masked_pan


def _new(arrival: Arrival) -> BankAccount:
    identity = arrival.identity
    return BankAccount(
        id=AccountId(new_id()),
        iban=identity.iban,
        other_id=_other_id(identity),
        currency=arrival.currency,
    )


def _feed(row: BankAccount, connection: BankConnection, arrival: Arrival) -> None:
    """A new reference has an allowance of its own."""
    identity = arrival.identity
    row.connection_id, row.provider_ref, row.status = connection.id, identity.ref, "active"
    row.name = row.name or identity.name
    row.owner_name = identity.owner_name or row.owner_name
    row.calls_limit = row.calls_left = row.calls_reset_at = None
    row.next_sync_at = schedule.next_reading(now(), row.id)


def unlink(row: BankAccount) -> None:
    """Keep the account and its history without a feed."""
    row.connection_id = row.provider_ref = row.next_sync_at = None
    row.calls_limit = row.calls_left = row.calls_reset_at = None
    row.status = "no_feed"
