"""The API as its own process on the suite's servers."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from payymo_api.core.settings import Settings
from payymo_api.local.ports import free_port


@pytest.fixture
def live_url(settings: Settings, tmp_path: Path) -> Iterator[str]:
    """The API as its own process on the suite's servers."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    given = settings.model_dump(exclude={"port", "public_url"}, exclude_none=True)
    values = {
        name: value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        for name, value in given.items()
    }
    environment = {f"PAYYMO_{name.upper()}": value for name, value in values.items()}
    environment |= {"PAYYMO_PORT": str(port), "PAYYMO_PUBLIC_URL": url, "PATH": os.environ["PATH"]}
    with (tmp_path / "api.log").open("w") as log:
        api = subprocess.Popen(
            [sys.executable, "-m", "payymo_api", "api"], env=environment, stderr=log
        )
        try:
            _wait_until_ready(url, api)
            yield url
        finally:
            api.terminate()
            api.wait(15)


def _wait_until_ready(url: str, api: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        assert api.poll() is None, "the API ended at once"
        try:
            httpx.get(f"{url}/health/ready").raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the API was not ready in time")
