"""A sandbox on a free loopback port, one for all tests of a worker process.

A plugin, not a fixture to import: each conftest that imported it would start a sandbox of its own.
"""

import socket
import threading
import time
from collections.abc import Iterator

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
