"""How names are looked up."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest

from payymo_api.webhooks.gateway.names import SystemResolver


@pytest.fixture
async def resolver() -> AsyncIterator[SystemResolver]:
    resolver = SystemResolver()
    yield resolver
    await resolver.close()


async def test_a_name_is_looked_up_as_the_system_does(resolver: SystemResolver) -> None:
    found = await resolver.resolve("localhost", 8443, socket.AF_INET)
    assert [(each["host"], each["port"]) for each in found] == [("127.0.0.1", 8443)]


async def test_name_servers_that_do_not_answer_hold_up_no_other_name(
    resolver: SystemResolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = threading.Event()

    def look_up(host: str, port: int, *_: int) -> list[Any]:
        if host != "quick.example":
            answered.wait()
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.215.14", port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    slow = [asyncio.ensure_future(resolver.resolve(f"{n}.example", 443)) for n in range(100)]
    try:
        async with asyncio.timeout(30):
            found = await resolver.resolve("quick.example", 443)
        assert [each["host"] for each in found] == ["93.184.215.14"]
        assert not any(each.done() for each in slow)
    finally:
        answered.set()
        await asyncio.gather(*slow)
