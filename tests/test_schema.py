"""The database's own promises: row-level security everywhere, migrations both ways, no drift."""

import asyncio
import re
import uuid

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, ProgrammingError
from sqlalchemy.ext.asyncio import create_async_engine

from payymo_api.core.db import Base, Database, TenantOwned
from payymo_api.core.settings import Settings
from payymo_api.core.types import TenantId, new_id
from tests.conftest import ROOT, Someone

PLATFORM = {"alembic_version", "institution_lists", "provider_tokens"}
TENANT_TABLES = sorted(
    str(mapper.local_table.name)  # type: ignore[attr-defined]  # every one is a Table
    for mapper in Base.registry.mappers
    if issubclass(mapper.class_, TenantOwned)
)


async def _rows(settings: Settings, sql: str) -> list[tuple[object, ...]]:
    engine = create_async_engine(settings.async_database_url)
    async with engine.connect() as connection:
        rows = [tuple(row) for row in await connection.execute(text(sql))]
    await engine.dispose()
    return rows


async def test_every_table_is_guarded_or_known_as_the_platforms(settings: Settings) -> None:
    rows = await _rows(
        settings,
        "SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class "
        "WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace",
    )

    unguarded = {name for name, enabled, forced in rows if not (enabled and forced)}
    assert unguarded == PLATFORM


async def test_the_roles_can_neither_log_in_nor_bypass(settings: Settings) -> None:
    rows = await _rows(
        settings,
        "SELECT rolname, rolcanlogin, rolsuper, rolbypassrls FROM pg_roles "
        "WHERE rolname IN ('payymo_app', 'payymo_system') ORDER BY 1",
    )

    assert rows == [
        ("payymo_app", False, False, False),
        ("payymo_system", False, False, False),
    ]


async def test_the_tenant_leads_every_key(settings: Settings) -> None:
    rows = await _rows(
        settings,
        "SELECT indexrelid::regclass::text, indrelid::regclass::text, "
        "pg_get_indexdef(indexrelid, 1, true) FROM pg_index "
        "JOIN pg_class ON pg_class.oid = indrelid "
        "WHERE relnamespace = 'public'::regnamespace AND indisunique",
    )

    assert {index for index, table, first in rows if first != "tenant_id"} == {
        f"{table}_pkey" if table != "alembic_version" else "alembic_version_pkc"
        for table in PLATFORM
    }


@pytest.mark.parametrize("table", TENANT_TABLES)
async def test_a_tenant_sees_and_writes_its_own_rows_only(
    database: Database, someone: Someone, table: str
) -> None:
    async with database.scope(TenantId(new_id())) as scope:
        seen = await scope.session.scalar(text(f"SELECT count(*) FROM {table}"))  # noqa: S608
    assert seen == 0
    async with database.scope(TenantId(new_id())) as scope:
        statement = text(f"UPDATE {table} SET tenant_id = tenant_id")  # noqa: S608
        changed = await scope.session.execute(statement)
    assert changed.rowcount == 0  # type: ignore[attr-defined]  # a CursorResult


async def test_a_row_can_not_be_written_for_another_tenant(
    database: Database, someone: Someone
) -> None:
    with pytest.raises(ProgrammingError, match="row-level security"):
        async with database.scope(TenantId(new_id())) as scope:
            await scope.session.execute(
                text("INSERT INTO tenants (tenant_id, name, plan) VALUES (:id, 'x', 'standard')"),
                {"id": uuid.uuid4()},
            )


async def test_the_system_role_sees_no_money(database: Database) -> None:
    for column, table in (("amount_minor", "transactions"), ("name", "customers")):
        with pytest.raises(DBAPIError, match="permission denied"):
            async with database.system() as session:
                await session.execute(text(f"SELECT {column} FROM {table}"))  # noqa: S608


async def test_a_tenant_is_forgotten_when_its_transaction_ends(
    database: Database, someone: Someone
) -> None:
    async with database.scope(someone.tenant_id) as scope:
        assert await scope.session.scalar(text("SELECT count(*) FROM api_keys")) == 1

    async with database.engine.connect() as connection:
        setting = await connection.scalar(text("SELECT current_setting('payymo.tenant_id', true)"))
    assert not setting


def test_models_and_migrations_agree(settings: Settings) -> None:
    command.check(_alembic(settings.database_url))


def test_migrations_go_down_and_up_again(settings: Settings) -> None:
    name = f"scratch_{uuid.uuid4().hex[:12]}"
    url = re.sub(r"(://[^/]*)/[^/?]*", rf"\1/{name}", settings.database_url, count=1)
    asyncio.run(_administer(settings, f"CREATE DATABASE {name}"))
    try:
        command.upgrade(_alembic(url), "head")
        up = asyncio.run(_tables(url))
        command.downgrade(_alembic(url), "base")
        assert asyncio.run(_tables(url)) == {"alembic_version"}
        command.upgrade(_alembic(url), "head")
        assert asyncio.run(_tables(url)) == up == {*TENANT_TABLES, *PLATFORM}
    finally:
        asyncio.run(_administer(settings, f"DROP DATABASE {name} WITH (FORCE)"))


def _alembic(url: str) -> Config:
    config = Config(str(ROOT / "alembic.ini"))
    config.attributes["url"] = url
    return config


async def _administer(settings: Settings, statement: str) -> None:
    engine = create_async_engine(settings.async_database_url, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(statement))
    await engine.dispose()


async def _tables(url: str) -> set[str]:
    engine = create_async_engine(f"postgresql+asyncpg://{url.split('://', 1)[1]}")
    async with engine.connect() as connection:
        found = await connection.execute(
            text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        )
        tables = {row[0] for row in found}
    await engine.dispose()
    return tables
