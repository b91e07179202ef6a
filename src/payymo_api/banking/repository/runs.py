from datetime import date
from uuid import UUID

from sqlalchemy import Select, select, text
from sqlalchemy.dialects.postgresql import insert

from payymo_api.banking.models import BankAccount, SyncRun
from payymo_api.core.errors import NotFound
from payymo_api.core.page import Keyset, Page
from payymo_api.core.repository import TenantRepository
from payymo_api.core.types import AccountId, ConnectionId, RunId, new_id

_OPEN = ("queued", "running")


class RunRepository(TenantRepository[SyncRun]):
    model = SyncRun
    by_id = Keyset[SyncRun]((SyncRun.id,), lambda row: (row.id,), (UUID,))

    async def page(self, id: ConnectionId, cursor: str | None, limit: int) -> Page[SyncRun]:
        statement = self.select().where(SyncRun.connection_id == id)
        return await self.by_id.page(self._session, statement, cursor, limit)

    async def imports(self, id: AccountId | None, cursor: str | None, limit: int) -> Page[SyncRun]:
        statement = (
            self._imports() if id is None else self._imports().where(SyncRun.account_id == id)
        )
        return await self.by_id.page(self._session, statement, cursor, limit)

    async def an_import(self, id: RunId) -> SyncRun:
        """Return an import; NotFound for a run of a feed too."""
        found = await self._session.scalar(self._imports().where(SyncRun.id == id))
        if found is None:
            raise NotFound("There is no such thing here.")
        return found

    async def first_of_file(self, id: AccountId, digest: bytes) -> RunId | None:
        """Return the first import of these very bytes into the account."""
        statement = self._imports().where(SyncRun.account_id == id, SyncRun.file_digest == digest)
        found = await self._session.scalar(statement.order_by(SyncRun.id).limit(1))
        return found.id if found else None

    async def days_of_files(self, id: AccountId, other_than: str) -> list[tuple[date, date]]:
        """Return the days that files of other formats have told of the account."""
        statement = (
            self._imports()
            .where(SyncRun.account_id == id, SyncRun.file["format"].astext != other_than)
            .with_only_columns(SyncRun.window_from, SyncRun.window_to)
            .distinct()
        )
        days = await self._session.execute(statement)
        return [(first, last) for first, last in days if first and last]

    def _imports(self) -> Select[SyncRun]:
        return self.select().where(SyncRun.file_digest.is_not(None))

    async def open(self, account: BankAccount, trigger: str) -> SyncRun | None:
        """Queue a run; None if one is open already: a constraint lets an account have one only."""
        statement = (
            insert(SyncRun)
            .values(
                tenant_id=self._tenant_id,
                id=RunId(new_id()),
                account_id=account.id,
                connection_id=account.connection_id,
                trigger=trigger,
                status="queued",
            )
            .on_conflict_do_nothing(
                index_elements=[SyncRun.tenant_id, SyncRun.account_id],
                index_where=text("status IN ('queued', 'running')"),
            )
            .returning(SyncRun)
        )
        return await self._session.scalar(statement)

    async def opened(self, id: AccountId) -> SyncRun | None:
        return await self._session.scalar(
            select(SyncRun).where(
                SyncRun.tenant_id == self._tenant_id,
                SyncRun.account_id == id,
                SyncRun.status.in_(_OPEN),
            )
        )
