"""Whoever takes `control` finds the sandbox reset; other rooms import it from here."""

from collections.abc import AsyncIterator

import httpx
import pytest


@pytest.fixture
async def control(sandbox_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """The sandbox's control API, newly reset: `await control.put("/clock", json=…)`."""
    async with httpx.AsyncClient(base_url=f"{sandbox_url}/sandbox") as client:
        (await client.post("/reset")).raise_for_status()
        yield client
