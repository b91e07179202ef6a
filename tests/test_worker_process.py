"""`payymo worker …` as a process of its own."""

import asyncio
import os
import resource
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress

import httpx
import pytest
from sqlalchemy import select

from payymo_api.core.db import Database
from payymo_api.core.settings import Settings
from payymo_api.core.types import public_id
from payymo_api.webhooks.models import WebhookDelivery
from tests.conftest import Someone
from tests.webhooks.conftest import Receiver
from tests.webhooks.factories import endpoint, happen, until

pytestmark = pytest.mark.usefixtures("quiet")


async def _start(settings: Settings, queue: str, **changes: str) -> Process:
    variables = {
        "PAYYMO_DATABASE_URL": settings.database_url,
        "PAYYMO_REDIS_URL": settings.redis_url,
        "PAYYMO_ENCRYPTION_KEYS": settings.encryption_keys.get_secret_value(),
        "PAYYMO_API_KEY_PEPPER": settings.api_key_pepper.get_secret_value(),
        "PAYYMO_WEBHOOK_ALLOW_LOOPBACK": "true",
    }
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "payymo_api",
        "worker",
        queue,
        env={**os.environ, **variables, **changes},
        stderr=PIPE,
    )


@pytest.fixture
async def receiver() -> Receiver:
    return Receiver()


async def test_it_delivers_and_ends_well_on_sigterm(
    settings: Settings, database: Database, someone: Someone, receiver: Receiver
) -> None:
    server = await receiver.start()
    made = await endpoint(someone.client, receiver.url)
    process = await _start(settings, "webhook")

    async def delivered() -> bool:
        async with database.scope(someone.tenant_id) as scope:
            return await scope.session.scalar(select(WebhookDelivery.status)) == "delivered"

    await happen(database, someone.tenant_id)
    await until(delivered)
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(30):
        _, said = await process.communicate()

    assert process.returncode == 0, said
    assert len(receiver.bodies) == 1
    assert made["secret"].encode() not in said
    server.close()
    await receiver.stop()
    await server.wait_closed()


async def test_it_takes_more_open_files_than_the_usual_limit(settings: Settings) -> None:
    """Each post in flight is one; the process asks for them before it sends anything."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    process = await _start(settings, "webhook")
    resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (256, limits[1]))

    async def raised() -> bool:
        return resource.prlimit(process.pid, resource.RLIMIT_NOFILE)[0] > 256

    await until(raised)
    process.send_signal(signal.SIGTERM)
    await process.communicate()


@pytest.mark.parametrize("queue", ["sync", "webhook"])
@pytest.mark.parametrize(
    ("variable", "url"),
    [
        ("PAYYMO_DATABASE_URL", "postgresql://nobody:hush-hush@127.0.0.1:1/nothing"),
        ("PAYYMO_REDIS_URL", "redis://:hush-hush@127.0.0.1:1/0"),
    ],
)
async def test_a_server_out_of_reach_is_one_line_that_names_the_variable(
    settings: Settings, queue: str, variable: str, url: str
) -> None:
    process = await _start(settings, queue, **{variable: url})
    async with asyncio.timeout(30):
        _, said = await process.communicate()

    assert process.returncode == 2
    [line] = said.decode().splitlines()
    assert line.startswith(f"payymo: {variable}: ")
    assert "hush-hush" not in line


async def test_it_measures_what_it_sends_and_names_no_tenant(
    settings: Settings, someone: Someone, database: Database, receiver: Receiver
) -> None:
    server = await receiver.start()
    await endpoint(someone.client, receiver.url)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = await _start(settings, "webhook", PAYYMO_WORKER_METRICS_PORT=str(port))
    await happen(database, someone.tenant_id)
    measured = ""

    async def settled() -> bool:
        nonlocal measured
        with suppress(httpx.TransportError):
            measured = (await client.get(f"http://127.0.0.1:{port}/metrics")).text
        return 'payymo_webhook_attempts_total{outcome="delivered"} 1.0' in measured

    async with httpx.AsyncClient() as client:
        await until(settled)
    process.send_signal(signal.SIGTERM)
    await process.communicate()

    assert "payymo_webhook_receipt_seconds_count 1.0" in measured
    assert "payymo_webhook_lanes 1.0" in measured
    assert "payymo_webhook_under_way 0.0" in measured
    assert "payymo_webhook_oldest_seconds" in measured
    assert str(someone.tenant_id) not in measured
    assert public_id("tenant", someone.tenant_id) not in measured
    server.close()
    await receiver.stop()
