"""Taking payments over our API, as a client does."""

from typing import Any

import httpx
from sqlalchemy import select

from payymo_api.core.types import public_id
from payymo_api.payments.models import StripePayment
from tests.payments.conftest import Shop

PATH = "/api/v1/stripe/payments"


def asking(shop: Shop, **values: object) -> dict[str, object]:
    connection = public_id("scon", shop.connection.id)
    return {"connection_id": connection, "amount": "10.00", "currency": "GBP", **values}


def charging(shop: Shop, card: str = "pm_card_visa", **values: object) -> dict[str, object]:
    return asking(shop, payment_method=card, confirm=True, **values)


async def ask(shop: Shop, body: dict[str, object], key: str | None = None) -> httpx.Response:
    headers = {} if key is None else {"Idempotency-Key": key}
    return await shop.client.post(PATH, json=body, headers=headers)


async def take(shop: Shop, body: dict[str, object]) -> dict[str, Any]:
    answer = await ask(shop, body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def intents(shop: Shop, control: httpx.AsyncClient) -> list[dict[str, Any]]:
    found = (await control.get("/stripe/objects/payment_intent")).raise_for_status().json()
    return list(found)


async def payments(shop: Shop) -> list[StripePayment]:
    async with shop.database.scope(shop.tenant_id) as scope:
        rows = await scope.session.scalars(
            select(StripePayment).where(StripePayment.tenant_id == shop.tenant_id)
        )
        return list(rows)


async def lose_answers(
    control: httpx.AsyncClient, calls: int, path: str = "/v1/payment_intents"
) -> None:
    """Stripe does the work, and nobody hears of it; the SDK asks three times."""
    fault = {"path": path, "calls": calls, "done": True, "drop": True}
    (await control.post("/faults", json=fault)).raise_for_status()


async def invoice(shop: Shop, **values: object) -> str:
    body = {"number": "INV-1", "issued_on": "2026-03-01", "amount": "50.00", "currency": "GBP"}
    answer = await shop.client.post("/api/v1/invoices", json=body | values)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])
