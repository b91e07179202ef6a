from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from payymo_api.core.clock import now
from payymo_api.core.page import Keyset, Page
from payymo_api.core.repository import TenantRepository
from payymo_api.core.types import StripeConnectionId, TenantId
from payymo_api.payments.models import ConnectVisit, StripeConnection
from payymo_api.payments.models.connections import LIVING
from payymo_api.payments.schemas.connections import StripeConnectionFilters


class StripeConnectionRepository(TenantRepository[StripeConnection]):
    model = StripeConnection
    by_id = Keyset[StripeConnection]((StripeConnection.id,), lambda row: (row.id,), (UUID,))

    async def page(self, filters: StripeConnectionFilters) -> Page[StripeConnection]:
        statement = self.select()
        if filters.status:
            statement = statement.where(StripeConnection.status == filters.status)
        if filters.livemode is not None:
            statement = statement.where(StripeConnection.livemode == filters.livemode)
        return await self.by_id.page(self._session, statement, filters.cursor, filters.limit)

    async def keep(self, row: StripeConnection) -> StripeConnection | None:
        """Insert the connection unless its account is known in its mode, or the same id is there.

        Return what is there then, locked, removed or not; None if the row was inserted.
        """
        names = [column.key for column in StripeConnection.__table__.columns]
        values = {name: getattr(row, name) for name in names if getattr(row, name) is not None}
        statement = insert(StripeConnection).values({**values, "tenant_id": self._tenant_id})
        added = await self._session.scalar(
            statement.on_conflict_do_nothing().returning(StripeConnection.id)
        )
        return None if added else await self._like(row)

    async def _like(self, row: StripeConnection) -> StripeConnection | None:
        same_account = (StripeConnection.account_id == row.account_id) & (
            StripeConnection.livemode == row.livemode
        )
        statement = (
            select(StripeConnection)
            .where(
                StripeConnection.tenant_id == self._tenant_id,
                same_account | (StripeConnection.id == row.id),
            )
            .order_by(StripeConnection.id == row.id)
            .limit(1)
            .with_for_update()
        )
        return await self._session.scalar(statement.execution_options(populate_existing=True))

    async def find_locked(self, id: StripeConnectionId) -> StripeConnection | None:
        """`find`, and hold the row's lock until the transaction ends."""
        statement = self.select().where(StripeConnection.id == id).with_for_update()
        return await self._session.scalar(statement.execution_options(populate_existing=True))

    async def of_account(self, account_id: str, *, livemode: bool) -> StripeConnection | None:
        """Return the account's connection, removed or not, locked."""
        return await self._session.scalar(
            select(StripeConnection)
            .where(
                StripeConnection.tenant_id == self._tenant_id,
                StripeConnection.account_id == account_id,
                StripeConnection.livemode == livemode,
            )
            .with_for_update()
        )

    async def open_visit(self, id: StripeConnectionId, digest: bytes, expires_at: datetime) -> None:
        """Begin a trip to Stripe, or prolong the one that an interrupted request began."""
        statement = insert(ConnectVisit).values(
            tenant_id=self._tenant_id, digest=digest, connection_id=id, expires_at=expires_at
        )
        await self._session.execute(
            statement.on_conflict_do_update(
                index_elements=[ConnectVisit.tenant_id, ConnectVisit.digest],
                set_={"expires_at": expires_at},
                where=ConnectVisit.used_at.is_(None),
            )
        )

    async def use_visit(self, digest: bytes) -> StripeConnectionId | None:
        """Take the single use; None if it was taken or has expired."""
        moment = now()
        return await self._session.scalar(
            update(ConnectVisit)
            .where(
                ConnectVisit.tenant_id == self._tenant_id,
                ConnectVisit.digest == digest,
                ConnectVisit.used_at.is_(None),
                ConnectVisit.expires_at > moment,
            )
            .values(used_at=moment)
            .returning(ConnectVisit.connection_id)
        )


async def tenant_of_visit(session: AsyncSession, digest: bytes) -> TenantId | None:
    """Whose trip this is; as `payymo_system`, before a tenant is known."""
    return await session.scalar(select(ConnectVisit.tenant_id).where(ConnectVisit.digest == digest))


async def is_connected(session: AsyncSession, account_id: str, *, livemode: bool) -> bool:
    """Whether any tenant has the account connected to our platform; as `payymo_system`."""
    statement = select(StripeConnection.id).where(
        StripeConnection.account_id == account_id,
        StripeConnection.livemode == livemode,
        StripeConnection.type == "connect",
        StripeConnection.status.in_(LIVING),
    )
    return await session.scalar(statement.limit(1)) is not None
