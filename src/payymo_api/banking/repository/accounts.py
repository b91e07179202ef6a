from collections.abc import Collection, Mapping, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from payymo_api.banking.models import BankAccount
from payymo_api.core.clock import now
from payymo_api.core.page import Keyset, Page
from payymo_api.core.repository import TenantRepository
from payymo_api.core.types import AccountId, ConnectionId, TenantId


class AccountRepository(TenantRepository[BankAccount]):
    model = BankAccount
    by_id = Keyset[BankAccount]((BankAccount.id,), lambda row: (row.id,), (UUID,))

    async def page(
        self, connection_id: ConnectionId | None, cursor: str | None, limit: int
    ) -> Page[BankAccount]:
        statement = self.select()
        if connection_id:
            statement = statement.where(BankAccount.connection_id == connection_id)
        return await self.by_id.page(self._session, statement, cursor, limit)

    async def of_connections(self, ids: Collection[ConnectionId]) -> Sequence[BankAccount]:
        statement = self.select().where(BankAccount.connection_id.in_(ids)).order_by(BankAccount.id)
        return (await self._session.scalars(statement)).all()

    async def locked_of(self, id: ConnectionId) -> Sequence[BankAccount]:
        """Return a connection's accounts, their rows locked in id order."""
        statement = self.select().where(BankAccount.connection_id == id).order_by(BankAccount.id)
        return (await self._session.scalars(statement.with_for_update(key_share=True))).all()

    async def lock(self, ids: Collection[AccountId]) -> None:
        """Hold the accounts, in id order, until the transaction ends."""
        statement = select(BankAccount.id).where(
            BankAccount.tenant_id == self._tenant_id, BankAccount.id.in_(ids)
        )
        await self._session.execute(
            statement.order_by(BankAccount.id).with_for_update(key_share=True)
        )

    async def hold(self) -> None:
        """Let one transaction at a time make accounts of this tenant, until it ends."""
        key = func.hashtextextended(f"accounts:{self._tenant_id}", 0)
        await self._session.execute(select(func.pg_advisory_xact_lock(key)))

    async def named(self, iban: str | None, other_id: str | None) -> Sequence[BankAccount]:
        """Return the accounts that a bank or a file calls so, in any currency."""
        if iban is None and other_id is None:
            return []
        statement = self.select().order_by(BankAccount.id)
        if iban is not None:
            statement = statement.where(BankAccount.iban == iban)
        else:
            statement = statement.where(BankAccount.other_id == other_id)
        return (await self._session.scalars(statement)).all()

    async def of_feed(self, provider_ref: str) -> BankAccount | None:
        statement = self.select().where(BankAccount.provider_ref == provider_ref)
        return await self._session.scalar(statement.limit(1))

    async def connections(
        self, ids: Collection[AccountId]
    ) -> Mapping[AccountId, ConnectionId | None]:
        """Return account -> connection, for the `connection_id` of transactions."""
        statement = select(BankAccount.id, BankAccount.connection_id).where(
            BankAccount.tenant_id == self._tenant_id, BankAccount.id.in_(ids)
        )
        return {row.id: row.connection_id for row in await self._session.execute(statement)}

    async def days_of_feed(self, id: AccountId) -> tuple[date, date] | None:
        """Return the first and the last day that the feed has told booked lines for."""
        account = await self.get(id)
        return (account.fed_from, account.fed_to) if account.fed_from and account.fed_to else None

    async def idle(self, id: AccountId) -> BankAccount | None:
        """Lock and return an account, unless it is being written just now."""
        statement = (
            self.select()
            .where(BankAccount.id == id)
            .with_for_update(skip_locked=True, key_share=True)
        )
        return await self._session.scalar(statement)

    async def idle_of(self, id: ConnectionId) -> Sequence[BankAccount]:
        """Lock and return a connection's accounts but those that are being written just now."""
        statement = self.select().where(BankAccount.connection_id == id).order_by(BankAccount.id)
        return (
            await self._session.scalars(statement.with_for_update(skip_locked=True, key_share=True))
        ).all()


async def due(session: AsyncSession, limit: int) -> Sequence[tuple[TenantId, AccountId]]:
    """Accounts to be read now; as `payymo_system`."""
    statement = (
        select(BankAccount.tenant_id, BankAccount.id)
        .where(BankAccount.next_sync_at <= now())
        .order_by(BankAccount.next_sync_at)
        .limit(limit)
    )
    return [(row.tenant_id, row.id) for row in await session.execute(statement)]
