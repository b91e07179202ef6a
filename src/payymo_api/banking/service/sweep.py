"""What time brings about: accounts fall due, consents run out."""

from payymo_api.banking.errors import ConsentExpired
from payymo_api.banking.repository import AccountRepository, ConnectionRepository
from payymo_api.banking.repository.accounts import due
from payymo_api.banking.repository.connections import run_out
from payymo_api.banking.rules import schedule
from payymo_api.banking.service.runs import request_sync
from payymo_api.banking.service.sync import note_trouble
from payymo_api.core.clock import now
from payymo_api.core.db import Database
from payymo_api.core.types import AccountId, ConnectionId, TenantId

_BATCH = 200


async def schedule_due(database: Database) -> int:
    """Queue a run for every account that is due, end what has run out; return how many."""
    async with database.system() as session:
        accounts = await due(session, _BATCH)
        connections = await run_out(session, _BATCH)
    for tenant_id, account_id in accounts:
        await _queue(database, tenant_id, account_id)
    for tenant_id, connection_id in connections:
        await _expire(database, tenant_id, connection_id)
    return max(len(accounts), len(connections))


async def _queue(database: Database, tenant_id: TenantId, id: AccountId) -> None:
    """Moving `next_sync_at` claims the account: of two sweeps one finds it in the future."""
    async with database.scope(tenant_id) as scope:
        account = await AccountRepository(scope).get_locked(id)
        moment = now()
        if account.next_sync_at is None or account.next_sync_at > moment:
            return
        account.next_sync_at = schedule.next_reading(
            moment, account.id, calls_limit=account.calls_limit
        )
        await request_sync(scope, account, "schedule")


async def _expire(database: Database, tenant_id: TenantId, id: ConnectionId) -> None:
    async with database.scope(tenant_id) as scope:
        connection = await ConnectionRepository(scope).find_locked(id)
        if connection is None or connection.status != "active":
            return
        if connection.expires_at is None or connection.expires_at > now():
            return
        ended = connection.expires_at.date().isoformat()
        await note_trouble(scope, id, ConsentExpired(f"The consent has ended on {ended}."))
