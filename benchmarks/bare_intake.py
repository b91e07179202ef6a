"""The baseline of `intake`: verify the signature, insert a row, answer.

The table is a clone with the same columns and indexes, without policies; each row is a transaction
of its own, as plain asyncpg has it.
"""

import hmac
import sys
import time
from uuid import UUID

import asyncpg
import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from payymo_api.core.types import new_id

_TOLERANCE_SECONDS = 300
_INSERT = """
INSERT INTO bare_inbox_messages
    (tenant_id, id, source, connection_id, message_id, type, subject)
VALUES ($1, $2, 'stripe', $1, $3, $4, $5) ON CONFLICT DO NOTHING
"""


async def clone(owner: asyncpg.Connection) -> None:
    await owner.execute("CREATE TABLE bare_inbox_messages (LIKE inbox_messages INCLUDING ALL)")


def _is_signed(header: str, body: bytes, secret: bytes) -> bool:
    parts = dict(part.split("=", 1) for part in header.split(","))
    signed = hmac.digest(secret, parts["t"].encode() + b"." + body, "sha256").hex()
    is_fresh = abs(time.time() - int(parts["t"])) <= _TOLERANCE_SECONDS
    return is_fresh and hmac.compare_digest(signed, parts["v1"])


def app(url: str, tenant: str, secret: str) -> Starlette:
    pool: asyncpg.Pool | None = None
    tenant_id, key = UUID(tenant), secret.encode()

    async def answer(request: Request) -> Response:
        nonlocal pool
        pool = pool or await asyncpg.create_pool(url, min_size=10, max_size=10)
        if request.method == "GET":  # the harness looks in
            return Response()
        body = await request.body()
        if not _is_signed(request.headers["stripe-signature"], body, key):
            return Response(status_code=400)
        event = orjson.loads(body)
        subject = event["data"]["object"]["id"]
        async with pool.acquire() as connection:
            await connection.execute(
                _INSERT, tenant_id, new_id(), event["id"], event["type"], subject
            )
        return Response()

    return Starlette(routes=[Route("/", answer, methods=["GET", "POST"])])


if __name__ == "__main__":
    _, database_url, tenant, webhook_secret, port = sys.argv
    uvicorn.run(
        app(database_url, tenant, webhook_secret),
        port=int(port),
        log_level="warning",
        loop="uvloop",
        http="httptools",
    )
