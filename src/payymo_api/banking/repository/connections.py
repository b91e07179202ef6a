from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Update, and_, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from payymo_api.banking.models import FEEDING, BankConnection, ConsentVisit
from payymo_api.banking.rules.schedule import NOTICES
from payymo_api.core.clock import now
from payymo_api.core.page import Keyset, Page
from payymo_api.core.repository import TenantRepository
from payymo_api.core.types import ConnectionId, TenantId


class ConnectionRepository(TenantRepository[BankConnection]):
    model = BankConnection
    by_id = Keyset[BankConnection]((BankConnection.id,), lambda row: (row.id,), (UUID,))

    async def page(
        self, status: str | None, cursor: str | None, limit: int
    ) -> Page[BankConnection]:
        statement = self.select()
        if status:
            statement = statement.where(BankConnection.status == status)
        return await self.by_id.page(self._session, statement, cursor, limit)

    async def find_locked(self, id: ConnectionId) -> BankConnection | None:
        """`find`, and hold the row's lock until the transaction ends."""
        statement = self.select().where(BankConnection.id == id).with_for_update(key_share=True)
        return await self._session.scalar(statement.execution_options(populate_existing=True))

    async def keep_pending(self, row: BankConnection) -> None:
        """Insert the connection, or take up again the one that an interrupted request left."""
        names = [column.key for column in BankConnection.__table__.columns]
        values = {name: getattr(row, name) for name in names if getattr(row, name) is not None}
        statement = insert(BankConnection).values(**values, tenant_id=self._tenant_id)
        await self._session.execute(
            statement.on_conflict_do_update(
                index_elements=[BankConnection.tenant_id, BankConnection.id],
                set_={"removed_at": None},
                where=BankConnection.status == "pending",
            )
        )

    async def open_visit(self, id: ConnectionId, digest: bytes, expires_at: datetime) -> None:
        """Begin a trip to the bank, or prolong the one that an interrupted request began."""
        statement = insert(ConsentVisit).values(
            tenant_id=self._tenant_id, digest=digest, connection_id=id, expires_at=expires_at
        )
        await self._session.execute(
            statement.on_conflict_do_update(
                index_elements=[ConsentVisit.tenant_id, ConsentVisit.digest],
                set_={"expires_at": expires_at},
                where=ConsentVisit.used_at.is_(None),
            )
        )

    async def name_consent(self, digest: bytes, consent_ref: str) -> None:
        await self._session.execute(self._visit(digest).values(consent_ref=consent_ref))

    async def note_arrival(self, digest: bytes, ref: str, told: Mapping[str, Any]) -> None:
        """Keep what a call told of an account of this consent."""
        arrivals = ConsentVisit.arrivals.concat({ref: dict(told)})
        await self._session.execute(self._visit(digest).values(arrivals=arrivals))

    async def use_visit(self, digest: bytes) -> ConsentVisit | None:
        """Take the single use; None if it was taken, has expired, or was never asked for."""
        moment = now()
        return await self._session.scalar(
            self._visit(digest)
            .where(
                ConsentVisit.used_at.is_(None),
                ConsentVisit.expires_at > moment,
                ConsentVisit.consent_ref.is_not(None),
            )
            .values(used_at=moment)
            .returning(ConsentVisit)
        )

    async def visit(self, digest: bytes) -> ConsentVisit | None:
        return await self._session.scalar(
            select(ConsentVisit).where(
                ConsentVisit.tenant_id == self._tenant_id, ConsentVisit.digest == digest
            )
        )

    async def consents_under_way(self, id: ConnectionId) -> Sequence[str]:
        """Return the consents that an account holder may still give, or has given of late."""
        statement = select(ConsentVisit.consent_ref).where(
            ConsentVisit.tenant_id == self._tenant_id,
            ConsentVisit.connection_id == id,
            ConsentVisit.expires_at > now(),
        )
        return [ref for ref in await self._session.scalars(statement) if ref]

    def _visit(self, digest: bytes) -> Update:
        return update(ConsentVisit).where(
            ConsentVisit.tenant_id == self._tenant_id, ConsentVisit.digest == digest
        )


async def tenant_of_visit(session: AsyncSession, digest: bytes) -> TenantId | None:
    """Whose trip this is; as `payymo_system`, before a tenant is known."""
    return await session.scalar(select(ConsentVisit.tenant_id).where(ConsentVisit.digest == digest))


async def run_out(session: AsyncSession, limit: int) -> Sequence[tuple[TenantId, ConnectionId]]:
    """Connections whose consent has ended; as `payymo_system`."""
    return await _by_expiry(session, BankConnection.expires_at <= now(), limit)


async def running_out(session: AsyncSession, limit: int) -> Sequence[tuple[TenantId, ConnectionId]]:
    """Connections for which one of NOTICES is to be given; as `payymo_system`."""
    moment = now()
    wanting = or_(
        *(
            and_(
                BankConnection.expires_at <= moment + timedelta(days=days),
                or_(BankConnection.expiry_notice.is_(None), BankConnection.expiry_notice > days),
            )
            for days in NOTICES
        )
    )
    return await _by_expiry(session, and_(BankConnection.expires_at > moment, wanting), limit)


async def _by_expiry(
    session: AsyncSession, condition: ColumnElement[bool], limit: int
) -> Sequence[tuple[TenantId, ConnectionId]]:
    statement = (
        select(BankConnection.tenant_id, BankConnection.id)
        .where(BankConnection.status.in_(FEEDING), condition)
        .order_by(BankConnection.expires_at)
        .limit(limit)
    )
    return [(row.tenant_id, row.id) for row in await session.execute(statement)]
