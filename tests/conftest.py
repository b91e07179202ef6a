"""A real PostgreSQL and Redis; each test works as tenants of its own, so nothing is rolled back."""

import asyncio
import base64
import os
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv6Address
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from alembic import command
from alembic.config import Config
from blockbuster import blockbuster_ctx
from fastapi import FastAPI
from sqlalchemy import text

from payymo_api.core import log
from payymo_api.core.db import Database
from payymo_api.core.settings import Settings
from payymo_api.core.types import TenantId
from payymo_api.edge.caller import Plan
from payymo_api.edge.state import Parts
from payymo_api.main import create_app
from payymo_api.sandbox.app import SECRET_ID, SECRET_KEY
from payymo_api.sandbox.stripe import platform as stripe
from payymo_api.tenants import service as tenants
from payymo_api.tenants.schemas import KeyRequest
from tests.endless import hanging_up
from tests.fanning_out import fan_out

pytest_plugins = ["tests.servers", "tests.sandbox_server", "tests.announced"]
ROOT = Path(__file__).parents[1]
log.configure("warning")
os.environ["PAYYMO_PORT"] = "0"
"""Any port, for every stack: one would take the port of another whose API is dead."""


@dataclass(frozen=True, slots=True)
class Someone:
    """A tenant with a key, and a client that calls as that tenant."""

    tenant_id: TenantId
    key: str
    client: httpx.AsyncClient


def migrate(database_url: str, revision: str = "head") -> None:
    config = Config(str(ROOT / "alembic.ini"))
    config.attributes["url"] = database_url
    command.upgrade(config, revision)


@pytest.fixture(scope="session")
def template_database() -> Callable[[str], None]:
    return migrate


@pytest.fixture(scope="session")
def settings(servers: tuple[str, str], sandbox_url: str) -> Settings:
    database_url, redis_url = servers
    return Settings(
        database_url=database_url,
        redis_url=redis_url,
        encryption_keys=f"test:{base64.b64encode(bytes(32)).decode()}",
        api_key_pepper="pepper-for-tests-only-" + "x" * 20,
        public_url="http://payymo.test",
        gocardless_url=sandbox_url,
        gocardless_secret_id=SECRET_ID,
        gocardless_secret_key=SECRET_KEY,
        stripe_url=sandbox_url,
        stripe_connect_url=sandbox_url,
        stripe_secret_key=stripe.SECRET_KEY,
        stripe_client_id=stripe.CLIENT_ID,
        stripe_publishable_key=stripe.PUBLISHABLE_KEY,
        environment="test",
        webhook_allow_loopback=True,
        metrics_token="metrics-token-for-tests",
    )


@pytest.fixture(scope="session")
async def app(settings: Settings) -> AsyncIterator[FastAPI]:
    app = create_app(settings)
    yield app
    parts: Parts = app.state.parts
    await app.state.streams.aclose()
    await app.state.banks.aclose()
    await app.state.stripes.aclose()
    await parts.limits.aclose()
    await parts.database.close()


@pytest.fixture(scope="session")
def parts(app: FastAPI) -> Parts:
    found: Parts = app.state.parts
    return found


@pytest.fixture(scope="session")
def database(parts: Parts) -> Database:
    return parts.database


@pytest.fixture
def nothing_blocks() -> Iterator[None]:
    """A call of ours that blocks the event loop is an error; two small files are read once."""
    with blockbuster_ctx("payymo_api", excluded_modules=["payymo_api.local"]) as guard:
        for function in guard.functions.values():
            function.can_block_in("asyncpg/connect_utils.py", {"_parse_connect_arguments"})
            function.can_block_in("banking/service/transactions.py", {"_zone"})
        yield


@pytest.fixture
async def quiet(database: Database) -> None:
    """No work is left over from other tests: a worker that runs now does this test's work only."""
    await fan_out(database)
    async with database.system() as session:
        await session.execute(
            text("UPDATE outbox_events SET done_at = now() WHERE done_at IS NULL")
        )
        await session.execute(
            text("UPDATE inbox_messages SET done_at = now() WHERE done_at IS NULL")
        )
        await session.execute(
            text("UPDATE webhook_deliveries SET status = 'failed' WHERE status = 'pending'")
        )
        await session.execute(text("UPDATE webhook_lanes SET due_at = NULL"))


async def _let_others_commit(database: Database, request: httpx.Request) -> None:
    """A feed ends where any transaction of the cluster is in flight: other workers' tests too."""
    if not request.url.path.endswith("/sync"):
        return
    begun = await _xid(database, "pg_current_xact_id()")
    for _ in range(100):
        if await _xid(database, "pg_snapshot_xmin(pg_current_snapshot())") > begun:
            return
        await asyncio.sleep(0.02)


async def _xid(database: Database, expression: str) -> int:
    async with database.engine.connect() as connection:
        return int(await connection.scalar(text(f"SELECT {expression}::text")) or 0)


async def make_someone(
    app: FastAPI,
    *,
    plan: Plan = "standard",
    scopes: list[str] | None = None,
    per_minute: int | None = 100_000,
) -> Someone:
    parts: Parts = app.state.parts
    tenant_id = await tenants.create_tenant(parts.database, name="Someone", plan=plan)
    async with parts.database.scope(tenant_id) as scope:
        made = await tenants.create_key(
            scope,
            parts.callers,
            "test",
            KeyRequest(name="test", scopes=scopes or ["*"]),
            per_minute=per_minute,
        )
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(hanging_up(app), raise_app_exceptions=False),
        base_url="http://payymo.test",
        headers={"X-API-Key": made.key},
        event_hooks={"request": [partial(_let_others_commit, parts.database)]},
    )
    return Someone(tenant_id, made.key, client)


@pytest.fixture
async def someone(app: FastAPI) -> AsyncIterator[Someone]:
    made = await make_someone(app)
    async with made.client:
        yield made


@pytest.fixture
async def stranger(app: FastAPI) -> AsyncIterator[Someone]:
    made = await make_someone(app)
    async with made.client:
        yield made


@pytest.fixture
def client(someone: Someone) -> httpx.AsyncClient:
    return someone.client


@pytest.fixture
def tenant_id(someone: Someone) -> TenantId:
    return someone.tenant_id


@pytest.fixture
async def anonymous(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A caller without a key, from an address of its own: tests don't share its rate limit."""
    address = str(IPv6Address(uuid4().int))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(address, 443))
    async with httpx.AsyncClient(transport=transport, base_url="http://payymo.test") as client:
        yield client
