"""What is asked of Stripe for customers, subscriptions and invoices is done once."""

from typing import Any

import httpx
import pytest

from tests.payments.billing import (
    CUSTOMERS,
    STRIPE_INVOICES,
    SUBSCRIPTIONS,
    connection_of,
    draft,
    make_customer,
    make_price,
    subscribe,
)
from tests.payments.conftest import Shop

pytestmark = pytest.mark.usefixtures("nothing_blocks")
_SDK_TRIES = 3


async def lose_answers(control: httpx.AsyncClient, path: str) -> None:
    """Stripe does the work, and however often the SDK asks, nobody hears of it."""
    fault = {"path": path, "method": "POST", "calls": _SDK_TRIES, "done": True, "drop": True}
    (await control.post("/faults", json=fault)).raise_for_status()


async def ask_twice(shop: Shop, path: str, body: dict[str, Any]) -> httpx.Response:
    """The first request learns nothing, the client repeats it."""
    headers = {"Idempotency-Key": "once"}
    lost = await shop.client.post(path, json=body, headers=headers)
    assert lost.status_code == 503, lost.text
    return await shop.client.post(path, json=body, headers=headers)


async def at_stripe(shop: Shop, kind: str, **query: object) -> list[dict[str, Any]]:
    return list((await shop.api.get(kind, **query))["data"])


async def test_a_customer(shop: Shop, control: httpx.AsyncClient) -> None:
    await lose_answers(control, "/v1/customers")

    answer = await ask_twice(shop, CUSTOMERS, {"connection_id": connection_of(shop), "name": "A"})

    assert answer.status_code == 201, answer.text
    [only] = await at_stripe(shop, "customers")
    assert answer.json()["stripe_id"] == only["id"]


async def test_a_subscription(shop: Shop, control: httpx.AsyncClient) -> None:
    customer, price = (await make_customer(shop))["stripe_id"], await make_price(shop)
    body = {
        "connection_id": connection_of(shop),
        "customer": customer,
        "items": [{"price": price}],
        "payment_behavior": "error_if_incomplete",
    }
    await lose_answers(control, "/v1/subscriptions")

    answer = await ask_twice(shop, SUBSCRIPTIONS, body)

    assert answer.status_code == 201, answer.text
    assert len(await at_stripe(shop, "subscriptions")) == 1
    assert len(await at_stripe(shop, "charges")) == 1


@pytest.mark.parametrize("lost", ["/v1/invoices", "/v1/invoices/*/add_lines"])
async def test_an_invoice_with_its_lines(shop: Shop, control: httpx.AsyncClient, lost: str) -> None:
    body = {
        "connection_id": connection_of(shop),
        "customer": (await make_customer(shop))["stripe_id"],
        "currency": "GBP",
        "lines": [{"description": name, "amount": "10.00"} for name in ("One", "Two")],
    }
    await lose_answers(control, lost)

    answer = await ask_twice(shop, STRIPE_INVOICES, body)

    assert answer.status_code == 201, answer.text
    [only] = await at_stripe(shop, "invoices")
    assert (only["id"], only["amount_due"]) == (answer.json()["stripe_id"], 2000)
    assert len(answer.json()["lines"]) == 2


async def test_an_invoices_payment(shop: Shop, control: httpx.AsyncClient) -> None:
    made = await draft(shop, (await make_customer(shop))["stripe_id"])
    await lose_answers(control, "/v1/invoices/*/pay")

    answer = await ask_twice(shop, f"{STRIPE_INVOICES}/{made['id']}/pay", {})

    assert answer.json()["status"] == "paid"
    assert [each["amount"] for each in await at_stripe(shop, "charges")] == [10_000]


async def test_a_cancellation(shop: Shop, control: httpx.AsyncClient) -> None:
    """Stripe takes no key for it; that it has ended already is found out."""
    customer, price = (await make_customer(shop))["stripe_id"], await make_price(shop)
    made = await subscribe(shop, customer, {"price": price})
    path = f"/v1/subscriptions/{made['stripe_id']}"
    fault = {"path": path, "method": "DELETE", "calls": 1, "done": True, "drop": True}
    await control.post("/faults", json=fault)

    answer = await shop.client.post(f"{SUBSCRIPTIONS}/{made['id']}/cancel", json={})

    assert answer.status_code == 200, answer.text
    assert answer.json()["status"] == "canceled"
