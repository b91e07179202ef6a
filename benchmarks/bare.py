"""The baseline of `listing`: the least that answers, as the tenant's role needs it."""

import sys

import asyncpg
import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

QUERY = """SELECT id, account_id, amount_minor, currency, booked_on, description, reference, note
FROM transactions WHERE tenant_id = $1 AND removed_at IS NULL
ORDER BY booked_on DESC, id DESC LIMIT 50"""


def app(url: str, tenant: str) -> Starlette:
    pool: asyncpg.Pool | None = None

    async def answer(_: Request) -> Response:
        nonlocal pool
        pool = pool or await asyncpg.create_pool(url, min_size=8, max_size=8)
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "SELECT set_config('role', 'payymo_app', true),"
                " set_config('payymo.tenant_id', $1, true)",
                tenant,
            )
            rows = await connection.fetch(QUERY, tenant)
        return Response(orjson.dumps([dict(row) for row in rows], default=str))

    return Starlette(routes=[Route("/", answer)])


if __name__ == "__main__":
    _, database_url, tenant_id, port = sys.argv
    uvicorn.run(
        app(database_url, tenant_id),
        port=int(port),
        log_level="warning",
        loop="uvloop",
        http="httptools",
    )
