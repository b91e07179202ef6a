"""A sandbox on a free loopback port for the session; whoever takes `control` finds it reset.

Other rooms reuse these: `from tests.sandbox.conftest import control, sandbox_url`.
"""

import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import uvicorn

from payymo_api.sandbox.app import create_sandbox


@pytest.fixture(scope="session")
def sandbox_url() -> Iterator[str]:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(create_sandbox(), ws="none", log_level="critical", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    listener.close()


@pytest.fixture
async def control(sandbox_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """The sandbox's control API, newly reset: `await control.put("/clock", json=…)`."""
    async with httpx.AsyncClient(base_url=f"{sandbox_url}/sandbox") as client:
        (await client.post("/reset")).raise_for_status()
        yield client
