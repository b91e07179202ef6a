"""Deliveries as Stripe makes them: signed bodies, and an endpoint of ours that Stripe can reach."""

import asyncio
import hmac
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import httpx
import orjson
import uvicorn
from fastapi import FastAPI

from payymo_api.core.clock import now

_numbers = count(1)


def event(kind: str = "payment_intent", id: str = "pi_1", **fields: Any) -> dict[str, Any]:  # noqa: ANN401  JSON is anything
    """An event as Stripe writes it, with an id of its own."""
    told = {
        "id": f"evt_made_{next(_numbers)}",
        "object": "event",
        "type": f"{kind}.updated",
        "livemode": False,
        "data": {"object": {"id": id, "object": kind}},
    }
    return told | fields


def signed(body: bytes, *more: str, secret: str, shift: int = 0) -> dict[str, str]:
    """Headers of a delivery that was signed `shift` seconds from now, by `more` secrets too."""
    at = int(now().timestamp()) + shift
    signs = [
        hmac.new(key.encode(), b"%d.%s" % (at, body), "sha256").hexdigest()
        for key in (secret, *more)
    ]
    header = ",".join([f"t={at}", *(f"v1={sign}" for sign in signs)])
    return {"Stripe-Signature": header, "Content-Type": "application/json; charset=utf-8"}


async def deliver(
    client: httpx.AsyncClient, path: str, told: dict[str, Any] | bytes, secret: str, *more: str
) -> httpx.Response:
    """Post the event, signed now by the secrets."""
    body = told if isinstance(told, bytes) else orjson.dumps(told)
    return await client.post(path, content=body, headers=signed(body, *more, secret=secret))


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[str]:
    """The app on a loopback port, for the sandbox to deliver to."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(app, ws="none", log_level="critical", lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve([listener]))
    while not server.started:  # noqa: ASYNC110  it tells nobody
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    await serving
    listener.close()
