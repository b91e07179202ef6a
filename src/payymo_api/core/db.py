"""The only module that begins, commits or rolls back a transaction."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import asyncpg
from sqlalchemy import Uuid, event, func, literal_column, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
)
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from payymo_api.core.engine import APP_ROLE, create_engine
from payymo_api.core.errors import Overloaded, PayymoError
from payymo_api.core.passing import DatabaseUnavailable, passing_trouble
from payymo_api.core.settings import Settings
from payymo_api.core.tables import XID, Base, Fed, TenantOwned
from payymo_api.core.types import TenantId
from payymo_api.core.writes import (
    NOBODY,
    PLANNED_EACH_TIME,
    PLANNED_ONCE,
    Write,
    WriteScope,
    together,
)

__all__ = [
    "APP_ROLE",
    "ME",
    "SYSTEM_ROLE",
    "XID",
    "AnyScope",
    "Base",
    "Database",
    "DatabaseUnavailable",
    "Fed",
    "ReadScope",
    "Scope",
    "TenantOwned",
]

SYSTEM_ROLE = "payymo_system"
_IS_APP = "is_app"


@dataclass(frozen=True, slots=True)
class Scope:
    """One tenant inside one open transaction; every repository is built from it."""

    session: AsyncSession
    tenant_id: TenantId

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """Undo what happens inside if it fails; the transaction goes on."""
        async with self.session.begin_nested():
            yield

    async def fetch(self, statement: str, *values: object) -> Sequence[Mapping[Any, Any]]:
        """Run a statement as the driver takes it: its places are `$1`, `$2` …"""
        await self.session.flush()
        connection = await self.session.connection()
        found = await connection.exec_driver_sql(statement, values)
        return found.mappings().all() if found.returns_rows else ()

    async def write(self, *writes: Write) -> None:
        """Do these writes now, in one round trip."""
        if writes:
            statement, values = together(writes)
            await self.fetch(statement, *values)

    async def notify(self, channel: str, payload: str = "") -> None:
        """Wake who listens, when (and only if) this transaction commits."""
        await self.session.execute(select(func.pg_notify(channel, payload)))


AnyScope = Scope | WriteScope


@dataclass(frozen=True, slots=True)
class ReadScope:
    """A Scope for the lists that are read all the time: one statement is the whole transaction."""

    _driver: Any
    tenant_id: TenantId

    async def fetch(self, statement: str, *values: object) -> list[asyncpg.Record]:
        """Run `SELECT … WHERE tenant_id = me.tenant_id`, by the driver itself, in one round trip.

        The tenant is set in the same statement and until its end. The rows are LATERAL to it, so it
        is set before any is looked at; were it not, row-level security would show none. A
        connection that does not act as `payymo_app` is refused: set_config fails without a name.
        """
        text = (
            "WITH me AS MATERIALIZED (SELECT set_config("  # noqa: S608  the text is our own
            f"CASE current_user WHEN '{APP_ROLE}' THEN 'payymo.tenant_id' END,"
            f" ${len(values) + 1}::text, true)::uuid AS tenant_id)"
            f" SELECT found.* FROM me CROSS JOIN LATERAL ({statement}) AS found"
        )
        rows: list[asyncpg.Record] = await self._driver.fetch(text, *values, str(self.tenant_id))
        return rows


ME = literal_column("me.tenant_id", Uuid())
"""The tenant of `ReadScope.fetch`."""


class Database:
    """Opens transactions; a FIFO gate as wide as the pool keeps waiting fair and bounded."""

    def __init__(self, engine: AsyncEngine, *, width: int, wait_seconds: float) -> None:
        self.engine = engine
        event.listen(engine.sync_engine, "connect", _note_role)
        self._sessions = async_sessionmaker(engine, expire_on_commit=False)
        self._gate = asyncio.Semaphore(width)
        self._wait_seconds = wait_seconds

    @classmethod
    def of(cls, settings: Settings) -> "Database":
        return cls(
            create_engine(settings),
            width=settings.database_pool,
            wait_seconds=settings.database_wait_seconds,
        )

    @asynccontextmanager
    async def scope(self, tenant_id: TenantId) -> AsyncIterator[Scope]:
        """One transaction as `payymo_app`: row-level security shows this tenant's rows only."""
        async with self._transaction(APP_ROLE, str(tenant_id)) as session:
            yield Scope(session, tenant_id)

    @asynccontextmanager
    async def read_scope(self, tenant_id: TenantId) -> AsyncIterator[ReadScope]:
        """A connection as `payymo_app` with no transaction open; nothing runs beside its `fetch`.

        Behind a pooler that drops the role at the start, one transaction has it. A connection that
        saw a fault is not used again.
        """
        async with self._seat():
            pooled = await self._checked_out()
            driver: Any = pooled.driver_connection
            try:
                async with nullcontext() if pooled.info[_IS_APP] else _as_app(driver):
                    yield ReadScope(driver, tenant_id)
            except PayymoError:  # a refusal, such as of a cursor: no statement failed
                raise
            except BaseException:
                pooled.invalidate()
                raise
            finally:
                pooled.close()

    def write_scope(self, tenant_id: TenantId) -> AbstractAsyncContextManager[WriteScope]:
        """`scope` for what is written all the time; three round trips besides its reads."""
        return self._writing(APP_ROLE, tenant_id)

    def system_write_scope(self) -> AbstractAsyncContextManager[WriteScope]:
        """`system` for what is written all the time: a scope of nobody's."""
        return self._writing(SYSTEM_ROLE, NOBODY)

    def system_batch_scope(self) -> AbstractAsyncContextManager[WriteScope]:
        """`system_write_scope` for statements over hundreds of rows, planned for so many."""
        return self._writing(SYSTEM_ROLE, NOBODY, PLANNED_EACH_TIME)

    @asynccontextmanager
    async def _writing(
        self, role: str, tenant_id: TenantId, planned: str = PLANNED_ONCE
    ) -> AsyncIterator[WriteScope]:
        async with self._seat():
            pooled = await self._checked_out()
            driver: Any = pooled.driver_connection
            try:
                await driver.execute(
                    f"BEGIN; SELECT set_config('role', '{role}', true),"
                    f" set_config('payymo.tenant_id', '{tenant_id}', true),"
                    f" {planned}"
                )
                scope = WriteScope(driver, tenant_id)
                yield scope
                await scope.send()
                await driver.execute("COMMIT")
            except Exception:
                await _roll_back(pooled)
                raise
            except BaseException:
                pooled.invalidate()
                raise
            finally:
                pooled.close()

    async def _checked_out(self) -> PoolProxiedConnection:
        """Take a connection from the pool, passing by those that the server has closed."""
        pooled = await self.engine.raw_connection()
        while pooled.driver_connection is None or pooled.driver_connection.is_closed():
            pooled.invalidate()
            pooled = await self.engine.raw_connection()
        return pooled

    @asynccontextmanager
    async def system(self) -> AsyncIterator[AsyncSession]:
        """One transaction as `payymo_system`: the few named tables, before a tenant is known."""
        async with self._transaction(SYSTEM_ROLE, "") as session:
            yield session

    @asynccontextmanager
    async def _transaction(self, role: str, tenant: str) -> AsyncIterator[AsyncSession]:
        async with self._seat(), self._sessions() as session:
            await _become(session, role, tenant)
            yield session
            await session.commit()

    @asynccontextmanager
    async def _seat(self) -> AsyncIterator[None]:
        await self._enter()
        try:
            yield
        except (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            if passing := passing_trouble(error):
                raise passing from error
            raise
        finally:
            self._gate.release()

    async def _enter(self) -> None:
        if not self._gate.locked():
            await self._gate.acquire()
            return
        try:
            async with asyncio.timeout(self._wait_seconds):
                await self._gate.acquire()
        except TimeoutError as error:
            raise Overloaded("All database connections are busy.", retry_after=1) from error

    async def close(self) -> None:
        await self.engine.dispose()


def _note_role(connection: Any, record: ConnectionPoolEntry) -> None:  # noqa: ANN401  SQLAlchemy's own
    """Keep with a new connection whether it acts as `payymo_app` from its start."""
    user = connection.run_async(lambda driver: driver.fetchval("SELECT current_user"))
    record.info[_IS_APP] = user == APP_ROLE


@asynccontextmanager
async def _as_app(driver: Any) -> AsyncIterator[None]:  # noqa: ANN401  asyncpg is untyped
    async with driver.transaction():
        await driver.execute(f"SET LOCAL ROLE {APP_ROLE}")
        yield


async def _roll_back(pooled: PoolProxiedConnection) -> None:
    """End the transaction that failed; a connection that can't is not used again."""
    driver: Any = pooled.driver_connection
    try:
        await driver.execute("ROLLBACK")
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
        pooled.invalidate()


async def _become(session: AsyncSession, role: str, tenant: str) -> None:
    """Set role and tenant for this transaction only; once more on a pooled connection that died."""
    settings = select(
        func.set_config("role", role, True),  # noqa: FBT003  set_config's own argument
        func.set_config("payymo.tenant_id", tenant, True),  # noqa: FBT003  PostgreSQL's own argument
    )
    try:
        await session.execute(settings)
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        await session.rollback()
        await session.execute(settings)
