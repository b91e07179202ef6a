"""An outside client that behaves as the documentation asks.

Every POST carries an Idempotency-Key, and a request that got no answer, or a 5xx, is sent again.
"""

import time
from collections.abc import Callable
from typing import Any, Self
from uuid import uuid4

import httpx

from payymo_api.local.errors import CannotStart

PATIENCE = 180.0


class Client:
    """A tenant's client. CannotStart if an answer is not what the story needs."""

    def __init__(self, base_url: str, key: str) -> None:
        self._api = httpx.Client(
            base_url=f"{base_url}/api/v1",
            headers={"X-API-Key": key},
            timeout=30,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        self._api.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._api.close()

    def get(self, path: str, **params: str) -> dict[str, Any]:
        return self._answer("GET", path, params=params)

    def post(self, path: str, **options: Any) -> dict[str, Any]:  # noqa: ANN401  httpx's own
        return self._answer("POST", path, **options)

    def refusal(self, path: str, status: int, **options: Any) -> dict[str, Any]:  # noqa: ANN401  httpx's own
        """Return the problem that a POST is refused with."""
        response = self._send("POST", path, **options)
        if response.status_code != status:
            raise CannotStart(f"POST {path}: {response.status_code} {response.text}")
        problem: dict[str, Any] = response.json()
        return problem

    def all(self, path: str, **params: str) -> list[dict[str, Any]]:
        """Follow the cursor to the list's end."""
        page = self.get(path, limit="200", **params)
        rows: list[dict[str, Any]] = page["data"]
        while page["next_cursor"]:
            page = self.get(path, limit="200", cursor=page["next_cursor"], **params)
            rows += page["data"]
        return rows

    def _answer(self, method: str, path: str, **options: Any) -> dict[str, Any]:  # noqa: ANN401  httpx's own
        response = self._send(method, path, **options)
        if response.is_error:
            raise CannotStart(f"{method} {path}: {response.status_code} {response.text}")
        found: dict[str, Any] = response.json()
        return found

    def _send(self, method: str, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401  httpx's own
        end = time.monotonic() + PATIENCE
        headers = {"Idempotency-Key": uuid4().hex} if method == "POST" else {}
        while True:
            try:
                response = self._api.request(method, path, headers=headers, **options)
            except httpx.TransportError:
                response = httpx.Response(503, text="no answer")
            if not _is_passing(response) or time.monotonic() > end:
                return response
            time.sleep(0.3)


def _is_passing(response: httpx.Response) -> bool:
    """A fault on the way, or the first try with this key is still running."""
    if response.is_server_error:
        return True
    return response.status_code == httpx.codes.CONFLICT and "in_flight" in response.text


def browse(url: str) -> None:
    """Follow the redirects; a page that does not come is loaded again."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            page = httpx.get(url, follow_redirects=True, trust_env=False, timeout=30)
        except httpx.TransportError as error:
            url = str(error.request.url)
        else:
            if not page.is_server_error:
                return
            url = str(page.url)
        time.sleep(0.3)


def until(holds: Callable[[], bool], otherwise: str) -> None:
    """Wait for what the service does by itself."""
    end = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > end:
            raise CannotStart(otherwise)
        time.sleep(0.2)
