"""Callers of the sandbox's Stripe: raw forms, and the official SDK."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest
import stripe

from payymo_api.sandbox.stripe.platform import SECRET_KEY

RETURN_URL = "https://shop.example/back"


def form(values: Mapping[str, object], prefix: str = "") -> dict[str, str]:
    """Flatten to Stripe's bracketed names."""
    flat: dict[str, str] = {}
    for name, value in values.items():
        where = f"{prefix}[{name}]" if prefix else name
        if isinstance(value, dict):
            flat |= form(value, where)
        elif isinstance(value, list):
            flat |= form({str(place): each for place, each in enumerate(value)}, where)
        else:
            flat[where] = str(value).lower() if isinstance(value, bool) else str(value)
    return flat


class Api:
    """Raw requests; `answers` keeps what came back."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.answers: list[httpx.Response] = []

    async def send(
        self, method: str, path: str, headers: dict[str, str] | None = None, /, **values: object
    ) -> httpx.Response:
        sent = form(values)
        answer = await self.client.request(
            method,
            f"/v1/{path}",
            headers=headers,
            data=sent if method == "POST" else None,
            params=None if method == "POST" else sent,
        )
        self.answers.append(answer)
        return answer

    async def post(self, path: str, /, **values: object) -> dict[str, Any]:
        return dict((await self.send("POST", path, **values)).raise_for_status().json())

    async def get(self, path: str, /, **values: object) -> dict[str, Any]:
        return dict((await self.send("GET", path, **values)).raise_for_status().json())

    async def delete(self, path: str, /, **values: object) -> dict[str, Any]:
        return dict((await self.send("DELETE", path, **values)).raise_for_status().json())

    async def pay(self, amount: int = 1000, **values: object) -> dict[str, Any]:
        """A PaymentIntent, confirmed at once; a card that works unless another is named."""
        known: dict[str, object] = {
            "currency": "gbp",
            "payment_method": "pm_card_visa",
            "return_url": RETURN_URL,
        }
        return await self.post("payment_intents", **(known | values), amount=amount, confirm=True)


@pytest.fixture
async def api(control: httpx.AsyncClient, sandbox_url: str) -> AsyncIterator[Api]:
    headers = {"Authorization": f"Bearer {SECRET_KEY}"}
    async with httpx.AsyncClient(base_url=sandbox_url, headers=headers) as client:
        yield Api(client)


@pytest.fixture
async def sdk(
    control: httpx.AsyncClient, sandbox_url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[stripe.StripeClient]:
    """The official client, with nothing but its base addresses changed."""
    monkeypatch.setattr(stripe, "enable_telemetry", False)
    http = stripe.HTTPXClient(timeout=5)
    yield stripe.StripeClient(
        SECRET_KEY,
        base_addresses={"api": sandbox_url, "connect": sandbox_url},
        http_client=http,
        max_network_retries=2,
    )
    await http.close_async()  # type: ignore[no-untyped-call]  # the SDK has no type here
