"""The baseline of `match`: three plain INSERTs in one transaction, as role and tenant.

The tables are clones with the same columns, CHECKs and indexes, without foreign keys and policies.
"""

import sys
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from payymo_api.core.types import new_id, parse_public_id, public_id

CLONED = ("matches", "allocations", "outbox_events")
_BECOME = "SELECT set_config('role', 'payymo_app', true), set_config('payymo.tenant_id', $1, true)"
_MATCH = (
    "INSERT INTO bare_matches (tenant_id, id, source, note, created_by) VALUES ($1, $2, $3, $4, $5)"
)
_ALLOCATION = """
INSERT INTO bare_allocations (tenant_id, id, match_id, transaction_id, document_type, invoice_id,
    amount_minor, currency, document_amount_minor, document_currency)
VALUES ($1, $2, $3, $4, 'invoice', $5, $6, 'GBP', $6, 'GBP')
"""
_EVENT = """
INSERT INTO bare_outbox_events (tenant_id, id, name, payload, data) VALUES ($1, $2, $3, '{}', $4)
"""


async def clone(owner: asyncpg.Connection) -> None:
    for table in CLONED:
        await owner.execute(f"CREATE TABLE bare_{table} (LIKE {table} INCLUDING ALL)")
        await owner.execute(f"GRANT INSERT ON bare_{table} TO payymo_app")


async def keep(connection: asyncpg.Connection, tenant_id: UUID, body: bytes) -> bytes:
    """Insert what one match of one line with one invoice inserts; return the event's data."""
    asked = orjson.loads(body)
    [given] = asked["allocations"]
    line, document = (
        parse_public_id(prefix, given[name])
        for prefix, name in (("tr", "transaction_id"), ("inv", "document_id"))
    )
    match_id, by = new_id(), public_id("key", tenant_id)
    data = orjson.dumps(
        {
            "transaction_id": given["transaction_id"],
            "match_id": public_id("mt", match_id),
            "amount": 100.50,
            "amount_minor": given["amount_minor"],
            "currency": "GBP",
            "source": "manual",
            "documents": [given],
        }
    )
    async with connection.transaction():
        await connection.execute(_BECOME, str(tenant_id))
        await connection.execute(_MATCH, tenant_id, match_id, "manual", asked["note"], by)
        amount = given["amount_minor"]
        await connection.execute(_ALLOCATION, tenant_id, new_id(), match_id, line, document, amount)
        name, text = "transaction.matched", data.decode()
        await connection.execute(_EVENT, tenant_id, new_id(), name, text)
    return data


def app(url: str, tenant: str) -> Starlette:
    pool: asyncpg.Pool | None = None
    tenant_id = UUID(tenant)

    async def answer(request: Request) -> Response:
        nonlocal pool
        pool = pool or await asyncpg.create_pool(url, min_size=10, max_size=10)
        if request.method == "GET":  # the harness looks in
            return Response()
        body = await request.body()
        async with pool.acquire() as connection:
            made: Any = await keep(connection, tenant_id, body)
        return Response(made, 201)

    return Starlette(routes=[Route("/", answer, methods=["GET", "POST"])])


if __name__ == "__main__":
    _, database_url, tenant, port = sys.argv
    uvicorn.run(
        app(database_url, tenant),
        port=int(port),
        log_level="warning",
        loop="uvloop",
        http="httptools",
    )
