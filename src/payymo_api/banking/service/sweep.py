"""What time brings about: accounts fall due, consents run out and are said to before."""

from payymo_api.banking.errors import ConsentExpired
from payymo_api.banking.events import BankConnectionExpiring
from payymo_api.banking.models import FEEDING, BankAccount
from payymo_api.banking.repository import AccountRepository, ConnectionRepository
from payymo_api.banking.repository.accounts import due
from payymo_api.banking.repository.connections import run_out, running_out
from payymo_api.banking.rules import schedule
from payymo_api.banking.rules.allowance import RESERVE
from payymo_api.banking.service.allowances import budget_of
from payymo_api.banking.service.announcing import announce
from payymo_api.banking.service.runs import request_sync
from payymo_api.banking.service.troubles import end_feed
from payymo_api.core.clock import now
from payymo_api.core.db import Database, Scope
from payymo_api.core.types import AccountId, ConnectionId, TenantId

_BATCH = 200


async def schedule_due(database: Database) -> int:
    """Queue a run for every account that is due, end what has run out; return how many."""
    async with database.system() as session:
        accounts = await due(session, _BATCH)
        ended = await run_out(session, _BATCH)
        ending = await running_out(session, _BATCH)
    crowded = len(accounts) == _BATCH
    for tenant_id, account_id in accounts:
        await _queue(database, tenant_id, account_id, crowded=crowded)
    for tenant_id, connection_id in ended:
        await _expire(database, tenant_id, connection_id)
    for tenant_id, connection_id in ending:
        await _give_notice(database, tenant_id, connection_id)
    return max(len(accounts), len(ended), len(ending))


async def _queue(database: Database, tenant_id: TenantId, id: AccountId, *, crowded: bool) -> None:
    """Moving `next_sync_at` claims the account: of two sweeps one finds it in the future.

    A crowd that was missed while we were down is spread; what has no call left waits without a run.
    One that is being written just now is left to the next sweep: no other tenant's waits for it.
    """
    async with database.scope(tenant_id) as scope:
        account = await AccountRepository(scope).idle(id)
        moment = now()
        if account is None or account.next_sync_at is None or account.next_sync_at > moment:
            return
        budget = budget_of(account)
        late, opens_at = moment - account.next_sync_at, budget.opens_at(moment, RESERVE)
        if not await _is_fed(scope, account):
            account.next_sync_at = None
        elif crowded and late > schedule.LATE:
            account.next_sync_at = schedule.made_up(moment, late, account.id)
        elif opens_at > moment:
            account.next_sync_at = opens_at
        else:
            account.next_sync_at = schedule.next_reading(moment, account.id, budget.spend(moment))
            await request_sync(scope, account, "schedule")


async def _is_fed(scope: Scope, account: BankAccount) -> bool:
    if account.connection_id is None:
        return False
    connection = await ConnectionRepository(scope).find(account.connection_id)
    return connection is not None and connection.status in FEEDING


async def _expire(database: Database, tenant_id: TenantId, id: ConnectionId) -> None:
    async with database.scope(tenant_id) as scope:
        connection = await ConnectionRepository(scope).find_locked(id)
        if connection is None or connection.expires_at is None or connection.expires_at > now():
            return
        ended = connection.expires_at.date().isoformat()
        await end_feed(scope, id, ConsentExpired(f"The consent has ended on {ended}."))


async def _give_notice(database: Database, tenant_id: TenantId, id: ConnectionId) -> None:
    """Once for each of NOTICES: the notice and the note of it are one transaction."""
    async with database.scope(tenant_id) as scope:
        connection = await ConnectionRepository(scope).find_locked(id)
        if connection is None or connection.expires_at is None or connection.status not in FEEDING:
            return
        notice = schedule.notice_due(connection.expires_at, connection.expiry_notice, now())
        if notice is not None and connection.expires_at > now():
            connection.expiry_notice = notice
            await announce(scope, connection, BankConnectionExpiring)
