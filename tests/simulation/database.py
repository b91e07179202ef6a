"""The real PostgreSQL under fake time: every transaction is a turn, and may be cut at its edges.

`now()` in SQL is `sim.now()` here, and `pg_locks` is `sim.pg_locks`, which says what workers live:
the search path puts the schema `sim` before `pg_catalog`.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from typing_extensions import override

from payymo_api.core.db import APP_ROLE, Database, Scope
from payymo_api.core.types import TenantId
from payymo_api.core.writes import PLANNED_ONCE, WriteScope
from tests.simulation.faults import Faults
from tests.simulation.timeline import Killed, Timeline

SEARCH_PATH = "sim, pg_catalog, public"
_FAKE_TIME = """
CREATE SCHEMA sim;
GRANT USAGE ON SCHEMA sim TO PUBLIC;
CREATE FUNCTION sim.now() RETURNS timestamptz STABLE LANGUAGE sql
    RETURN current_setting('sim.now')::timestamptz;
CREATE TABLE sim.pg_locks (
    locktype text, classid bigint, objid bigint, objsubid integer, granted boolean
);
GRANT ALL ON sim.pg_locks TO PUBLIC;
DO $$
DECLARE it record;
BEGIN
    FOR it IN
        SELECT attrelid::regclass AS owner, attname AS name
        FROM pg_attribute JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
        WHERE pg_get_expr(adbin, adrelid) = 'now()'
    LOOP
        EXECUTE format('ALTER TABLE %s ALTER %I SET DEFAULT sim.now()', it.owner, it.name);
    END LOOP;
    FOR it IN SELECT oid::regclass AS owner FROM pg_class
        WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
    LOOP
        -- a vacuum in between would change the order of rows that nobody ordered
        EXECUTE format('ALTER TABLE %s SET (autovacuum_enabled = off)', it.owner);
    END LOOP;
END $$;
"""
_EMPTY = """
DO $$
BEGIN
    EXECUTE (SELECT 'TRUNCATE ' || string_agg(oid::regclass::text, ', ') FROM pg_class
        WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
        AND relname <> 'alembic_version');
    DELETE FROM sim.pg_locks;
END $$;
"""
_TELL_TIME = text("SELECT set_config('sim.now', :now, true)")
_TELL_TIME_BY_DRIVER = "SELECT set_config('sim.now', $1, true)"


async def prepare(url: str) -> None:
    """Put a migrated database under fake time."""
    connection = await asyncpg.connect(url)
    await connection.execute(_FAKE_TIME)
    await connection.close()


async def empty(eye: asyncpg.Connection) -> None:
    """Leave the tables as new: a replay begins alike, whatever ran before."""
    await eye.execute("RESET ROLE")
    await eye.execute(_EMPTY)


async def look_as(eye: asyncpg.Connection, tenant_id: TenantId) -> None:
    """From now on the connection sees this tenant's rows, as committed."""
    await eye.execute(f"SET ROLE {APP_ROLE}")
    await eye.execute("SELECT set_config('payymo.tenant_id', $1, false)", str(tenant_id))


def engine(url: str) -> AsyncEngine:
    return create_async_engine(
        url.replace("postgresql://", "postgresql+asyncpg://"),
        connect_args={"server_settings": {"search_path": SEARCH_PATH, "timezone": "UTC"}},
    )


class _UndoneError(Exception):
    """The process was killed in its transaction, and PostgreSQL has undone that."""


@contextmanager
def _undone() -> Iterator[None]:
    """Let a transaction be rolled back here and now: cut, it would hold its locks for a while."""
    try:
        yield
    except Killed as killed:
        raise _UndoneError from killed


class SimulatedDatabase(Database):
    """Production's `Database`, with a turn before each transaction and faults at its edges."""

    def __init__(self, engine: AsyncEngine, timeline: Timeline, faults: Faults) -> None:
        super().__init__(engine, width=2, wait_seconds=5)
        self.commits = 0
        self._timeline = timeline
        self._faults = faults

    @override
    @asynccontextmanager
    async def scope(self, tenant_id: TenantId) -> AsyncIterator[Scope]:
        async with self._turn(), super().scope(tenant_id) as scope:
            await self._tell_time(scope.session)
            yield scope
            self._faults.strike()
        self._committed()

    @override
    @asynccontextmanager
    async def system(self) -> AsyncIterator[AsyncSession]:
        async with self._turn(), super().system() as session:
            await self._tell_time(session)
            yield session
            self._faults.strike()
        self._committed()

    @override
    @asynccontextmanager
    async def _writing(
        self, role: str, tenant_id: TenantId, planned: str = PLANNED_ONCE
    ) -> AsyncIterator[WriteScope]:
        try:
            async with self._turn(), super()._writing(role, tenant_id, planned) as scope:
                await scope.fetch(_TELL_TIME_BY_DRIVER, self._timeline.now.isoformat())
                with _undone():
                    yield scope
                    self._faults.strike()
        except _UndoneError as undone:
            raise Killed from undone
        self._committed()

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        await self._timeline.wait(self._faults.delay(0))
        self._timeline.in_transaction = True
        try:
            yield
        finally:
            self._timeline.in_transaction = False

    async def _tell_time(self, session: AsyncSession) -> None:
        await session.execute(_TELL_TIME, {"now": self._timeline.now.isoformat()})

    def _committed(self) -> None:
        """The commit is there; whether its actor learns of it is another matter."""
        self.commits += 1
        self._faults.strike()
