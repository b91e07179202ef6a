"""Migrations run as the login of PAYYMO_DATABASE_URL, the owner of the tables."""

import asyncio
import os

from alembic import context
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

import payymo_api.banking.models
import payymo_api.edge.models
import payymo_api.invoicing.models
import payymo_api.messaging.models
import payymo_api.payments.models
import payymo_api.reconciliation.models
import payymo_api.tenants.models
import payymo_api.webhooks.models  # noqa: F401  every table must be known
from payymo_api.core.db import Base


def _url() -> str:
    url = context.config.attributes.get("url") or os.environ["PAYYMO_DATABASE_URL"]
    return f"postgresql+asyncpg://{url.split('://', 1)[1]}"


def _migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_server_default=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def _run() -> None:
    engine = create_async_engine(_url(), poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(_migrate)
        await connection.commit()
    await engine.dispose()


asyncio.run(_run())
