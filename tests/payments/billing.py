"""What the tests of customers, subscriptions and invoices do again and again."""

from typing import Any

import httpx

from payymo_api.core.types import public_id
from tests.payments.conftest import Shop

CUSTOMERS = "/api/v1/stripe/customers"
SUBSCRIPTIONS = "/api/v1/stripe/subscriptions"
STRIPE_INVOICES = "/api/v1/stripe/invoices"
WORKS = "tok_visa"


def ok(answer: httpx.Response, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


def connection_of(shop: Shop) -> str:
    return public_id("scon", shop.connection.id)


async def new_card(shop: Shop, token: str = WORKS) -> str:
    """A card as Stripe Elements makes it, attached to nobody."""
    made = await shop.api.post("payment_methods", type="card", card={"token": token})
    return str(made["id"])


async def make_customer(shop: Shop, token: str = WORKS, **fields: object) -> dict[str, Any]:
    """A customer with a card that works, unless another is named."""
    known: dict[str, object] = {
        "connection_id": connection_of(shop),
        "name": "Harbour Foods Ltd",
        "payment_method": await new_card(shop, token),
    }
    return ok(await shop.client.post(CUSTOMERS, json=known | fields), 201)


async def make_price(shop: Shop, amount: int = 1000, **fields: object) -> str:
    """A monthly price, unless `recurring` says otherwise."""
    known: dict[str, object] = {
        "currency": "gbp",
        "unit_amount": amount,
        "product_data": {"name": "Hosting"},
        "recurring": {"interval": "month"},
    }
    asked = {name: value for name, value in (known | fields).items() if value is not None}
    return str((await shop.api.post("prices", **asked))["id"])


async def subscribe(shop: Shop, customer: str, *items: object, **fields: object) -> dict[str, Any]:
    """A subscription whose first invoice is charged at once."""
    body: dict[str, object] = {
        "connection_id": connection_of(shop),
        "customer": customer,
        "items": items,
        "payment_behavior": "error_if_incomplete",
    }
    return ok(await shop.client.post(SUBSCRIPTIONS, json=body | fields), 201)


async def draft(shop: Shop, customer: str, *lines: object, **fields: object) -> dict[str, Any]:
    body: dict[str, object] = {
        "connection_id": connection_of(shop),
        "customer": customer,
        "currency": "GBP",
        "lines": lines or [{"description": "Moving in", "amount": "100.00"}],
    }
    return ok(await shop.client.post(STRIPE_INVOICES, json=body | fields), 201)
