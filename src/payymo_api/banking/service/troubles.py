"""What is wrong with an account, shown on it and on its connection; announced as it comes and goes.

An account's row is locked before its connection's; nobody who holds a connection waits for one.
"""

from collections.abc import Sequence
from datetime import datetime

from payymo_api.banking.errors import (
    AccountForbidden,
    AccountGone,
    AccountInactive,
    AccountSuspended,
    ConsentEndedEarly,
    ConsentExpired,
    ConsentTooNarrow,
)
from payymo_api.banking.events import BankConnectionExpired, BankConnectionUpdated
from payymo_api.banking.models import FEEDING, BankAccount
from payymo_api.banking.repository import AccountRepository, ConnectionRepository
from payymo_api.banking.rules import schedule
from payymo_api.banking.service.allowances import budget_of
from payymo_api.banking.service.announcing import announce
from payymo_api.core.clock import now
from payymo_api.core.db import Scope
from payymo_api.core.errors import PayymoError
from payymo_api.core.types import ConnectionId

READABLE = ("active", "suspended")
"""The statuses of an account that is read: a suspended one once a day, to see whether it works."""
_CONSENT_ENDS = (ConsentExpired, AccountGone)
_STATUS: dict[type[PayymoError], str] = {
    AccountInactive: "closed",
    AccountSuspended: "suspended",
    AccountForbidden: "error",
    ConsentTooNarrow: "error",
}


async def note(scope: Scope, account: BankAccount, error: PayymoError) -> None:
    """A reading failed: the account shows it, and is read no more if that would not help."""
    if account.connection_id is None:
        return
    if isinstance(error, _CONSENT_ENDS):
        await end_feed(scope, account.connection_id, error)
        return
    account.error_code, account.error_detail = error.code, error.detail
    account.status = _STATUS.get(type(error), account.status)
    if account.status == "suspended":
        account.next_sync_at = schedule.next_try(now(), account.id, budget_of(account))
    elif account.status != "active":
        account.next_sync_at = None
    await _show(scope, account.connection_id)


async def clear(scope: Scope, account: BankAccount, moment: datetime) -> None:
    """A reading succeeded: whatever was wrong is over."""
    assert account.connection_id is not None
    account.status, account.error_code, account.error_detail = "active", None, None
    await _show(scope, account.connection_id, synced_at=moment)


async def _show(scope: Scope, id: ConnectionId, *, synced_at: datetime | None = None) -> None:
    """Let the connection show the worst of its accounts' troubles; announce it if that is news."""
    await scope.session.flush()
    connection = await ConnectionRepository(scope).find_locked(id)
    if connection is None or connection.status not in FEEDING:
        return
    connection.last_synced_at = synced_at or connection.last_synced_at
    accounts = await AccountRepository(scope).of_connections([id])
    shown = (connection.status, connection.error_code)
    worst = _worst(accounts)
    works = any(each.status == "active" for each in accounts)
    connection.status = "active" if works else "error"
    connection.error_code = worst.error_code if worst else None
    connection.error_detail = worst.error_detail if worst else None
    if (connection.status, connection.error_code) != shown:
        await announce(scope, connection, BankConnectionUpdated)


def _worst(accounts: Sequence[BankAccount]) -> BankAccount | None:
    """One that only its holder can mend before one that mends itself."""
    troubled = [each for each in accounts if each.error_code]
    return min(troubled, key=lambda each: (each.status == "active", each.id), default=None)


async def end_feed(scope: Scope, id: ConnectionId, error: PayymoError) -> None:
    """The consent has ended: connection and accounts say so, and nothing is read any more.

    An account that is being written just now is left out; its next reading finds the end itself.
    """
    connection = await ConnectionRepository(scope).find_locked(id)
    if connection is None or connection.status not in FEEDING:
        return
    ends = connection.expires_at
    if type(error) is ConsentExpired and ends and ends > now():
        error = ConsentEndedEarly(error.detail)
    connection.status = "expired"
    connection.error_code, connection.error_detail = error.code, error.detail
    for account in await AccountRepository(scope).idle_of(id):
        account.next_sync_at = None
        account.error_code, account.error_detail = error.code, error.detail
    await announce(scope, connection, BankConnectionExpired)
