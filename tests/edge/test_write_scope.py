"""A match's own kind of transaction, against rivals and a connection that breaks."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import asyncpg
import httpx
import orjson
import pytest
from fastapi import FastAPI, Request, Response
from sqlalchemy import text, update

from payymo_api.core.clock import now
from payymo_api.core.db import Database
from payymo_api.core.settings import Settings
from payymo_api.core.types import TenantId
from payymo_api.edge import idempotency
from payymo_api.edge.idempotency import Ticket
from payymo_api.edge.models import IdempotencyKey
from tests.conftest import Someone
from tests.invoicing.factories import make_invoice
from tests.reconciliation.factories import MATCH, make_line, part, settled

_KEY = "a-match"
_WAITING = """
SELECT pid FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE NOT granted AND datname = current_database()
"""


@pytest.fixture
async def server(settings: Settings) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(settings.database_url)
    yield connection
    await connection.close()


async def _waiting(server: asyncpg.Connection, number: int) -> Sequence[int]:
    """Return the servers' processes that wait for a lock, when there are so many."""
    found: Sequence[asyncpg.Record] = ()
    for _ in range(2000):
        found = await server.fetch(_WAITING)
        if len(found) == number:
            return [row["pid"] for row in found]
        await asyncio.sleep(0.01)
    raise AssertionError(found)


@asynccontextmanager
async def _lines_held(database: Database, tenant_id: TenantId) -> AsyncIterator[None]:
    """Whoever matches waits until the block ends."""
    async with database.scope(tenant_id) as scope:
        await scope.session.execute(text("SELECT FROM transactions FOR UPDATE"))
        yield


async def _ticket(app: FastAPI, tenant_id: TenantId, body: object) -> Ticket:
    """Return the ticket of a rival: the same request under the same key."""
    headers = [(b"idempotency-key", _KEY.encode())]
    place = {"type": "http", "method": "POST", "path": MATCH, "query_string": b"", "app": app}

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": httpx.Request("POST", MATCH, json=body).content}

    made = await idempotency.ticket(Request({**place, "headers": headers}, receive), tenant_id)
    assert made
    return made


async def _post(client: httpx.AsyncClient, body: object) -> httpx.Response:
    return await client.post(MATCH, json=body, headers={"Idempotency-Key": _KEY})


def _rivals_answer() -> Response:
    return Response(orjson.dumps({"id": "mt_rival"}), 201, media_type="application/json")


async def test_a_refusal_gives_way_to_what_a_rival_was_answered_meanwhile(
    app: FastAPI,
    client: httpx.AsyncClient,
    database: Database,
    tenant_id: TenantId,
    server: asyncpg.Connection,
) -> None:
    """Between the refusal and the transaction that keeps it, the rival keeps its answer."""
    paid, money = await make_invoice(client), await make_line(database, tenant_id, 10000)
    body = {"allocations": [part(money, paid["id"], 10001)]}

    async with database.scope(tenant_id) as scope:
        async with _lines_held(database, tenant_id):
            asked = asyncio.create_task(_post(client, body))
            await _waiting(server, 1)
            locking = asyncio.create_task(
                scope.session.execute(text("LOCK TABLE idempotency_keys"))
            )
            await _waiting(server, 2)
        await locking
        await _waiting(server, 1)
        await idempotency.keep(scope, await _ticket(app, tenant_id, body), _rivals_answer())
    answer = await asked

    assert (answer.status_code, answer.json()) == (201, {"id": "mt_rival"})
    assert answer.headers["Idempotent-Replayed"] == "true"


async def test_refusals_under_one_key_are_one_answer(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    paid, money = await make_invoice(client), await make_line(database, tenant_id, 10000)
    body = {"allocations": [part(money, paid["id"], 10001)]}

    first = await _post(client, body)
    again = await _post(client, body)

    assert (first.status_code, first.json()["code"]) == (409, "line_over_allocated")
    assert again.content == first.content
    assert again.headers["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize(("rivals", "given"), [(10000, (201, "mt_rival")), (9999, (422, None))])
async def test_who_finds_the_key_taken_at_its_commit_has_done_nothing(
    app: FastAPI,
    someone: Someone,
    database: Database,
    server: asyncpg.Connection,
    rivals: int,
    given: tuple[int, str | None],
) -> None:
    """As where the rival committed between the snapshot and the lock of one statement."""
    client, tenant_id = someone.client, someone.tenant_id
    paid, money = await make_invoice(client), await make_line(database, tenant_id, 10000)
    body, other = ({"allocations": [part(money, paid["id"], minor)]} for minor in (10000, rivals))

    async with _lines_held(database, tenant_id):
        asked = asyncio.create_task(_post(client, body))
        await _waiting(server, 1)
        async with database.scope(tenant_id) as scope:
            ticket = await _ticket(app, tenant_id, other)
            await idempotency.keep(scope, ticket, _rivals_answer())
    answer = await asked

    assert (answer.status_code, answer.json().get("id")) == given
    assert await settled(client, paid["id"]) == (0, "open")


async def test_a_key_is_free_again_after_three_days(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    paid, money = await make_invoice(client), await make_line(database, tenant_id, 10000)
    old, new = ({"allocations": [part(money, paid["id"], minor)]} for minor in (4000, 6000))
    first = await _post(client, old)
    refused = await _post(client, new)
    async with database.scope(tenant_id) as scope:
        aged = update(IdempotencyKey).values(created_at=now() - timedelta(hours=73))
        await scope.session.execute(aged)

    made = await _post(client, new)
    again = await _post(client, new)

    assert (first.status_code, refused.status_code, made.status_code) == (201, 422, 201)
    assert again.content == made.content
    assert await settled(client, paid["id"]) == (10000, "paid")


async def test_a_connection_that_breaks_is_not_used_again(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId, server: asyncpg.Connection
) -> None:
    paid, money = await make_invoice(client), await make_line(database, tenant_id, 10000)
    body = {"allocations": [part(money, paid["id"], 10000)]}

    async with _lines_held(database, tenant_id):
        asked = asyncio.create_task(_post(client, body))
        [process] = await _waiting(server, 1)
        await server.execute("SELECT pg_terminate_backend($1)", process)
        answer = await asked
    again = await _post(client, body)

    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    assert again.status_code == 201
    assert await settled(client, paid["id"]) == (10000, "paid")
