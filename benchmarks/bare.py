"""The baseline of `listing`: the same statement, and the least that answers with its rows.

It reads as the tables' owner, whom row-level security does not bind there, with no transaction.
"""

import json
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

from payymo_api.banking.repository.listing import LISTED
from payymo_api.banking.schemas.transactions import TransactionFilters


def app(url: str, tenants: dict[str, str]) -> Starlette:
    pool: asyncpg.Pool | None = None
    text, values = LISTED.statement({**dict(TransactionFilters()), "limit": 51})
    query = text.replace("me.tenant_id", f"${len(values) + 1}")
    ids = {key: UUID(id) for key, id in tenants.items()}

    async def answer(request: Request) -> Response:
        nonlocal pool
        pool = pool or await asyncpg.create_pool(url, min_size=10, max_size=10)
        tenant_id = ids.get(request.headers.get("x-api-key", ""))  # none: the harness looks in
        async with pool.acquire() as connection:
            rows: list[Any] = await connection.fetch(query, *values, tenant_id)
        return Response(orjson.dumps([dict(row) for row in rows], default=str))

    return Starlette(routes=[Route("/", answer)])


if __name__ == "__main__":
    _, database_url, keys, port = sys.argv
    uvicorn.run(
        app(database_url, json.loads(keys)),
        port=int(port),
        log_level="warning",
        loop="uvloop",
        http="httptools",
    )
