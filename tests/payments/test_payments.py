"""The list of payments: every filter, pages that hold still, a tag per state."""

from typing import Any

import httpx
import pytest

from payymo_api.core.clock import rfc3339
from payymo_api.core.types import public_id
from tests.conftest import Someone
from tests.payments.conftest import Shop

PATH = "/api/v1/stripe/payments"


async def listed(client: httpx.AsyncClient, **query: Any) -> list[str]:  # noqa: ANN401  query values
    """The payments' ids at Stripe, over all pages."""
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        answer = await client.get(PATH, params={"limit": 2, **query, **cursor})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += [each["stripe_id"] for each in page["data"]]
        if not page["has_more"]:
            return found
        cursor = {"cursor": page["next_cursor"]}


async def test_pages_hold_every_payment_once_newest_first(
    shop: Shop, control: httpx.AsyncClient
) -> None:
    made = []
    for _ in range(5):
        made.append((await shop.pay()).stripe_id)
        await control.put("/clock", json={"advance_seconds": 1})

    assert await listed(shop.client) == made[::-1]


async def test_payments_of_one_second_are_paged_too(shop: Shop) -> None:
    made = {(await shop.pay()).stripe_id for _ in range(5)}

    found = await listed(shop.client)
    assert (set(found), len(found)) == (made, 5)


async def test_each_filter_narrows(shop: Shop, control: httpx.AsyncClient) -> None:
    customer = (await shop.api.post("customers", name="Ada"))["id"]
    first = await shop.pay(1000, customer=customer)
    await control.put("/clock", json={"advance_seconds": 3600})
    second = await shop.pay(2000, currency="eur", capture_method="manual")
    client = shop.client

    assert await listed(client, status="requires_capture") == [second.stripe_id]
    assert await listed(client, currency="GBP") == [first.stripe_id]
    assert await listed(client, customer=customer) == [first.stripe_id]
    assert await listed(client, min_amount_minor=1500) == [second.stripe_id]
    assert await listed(client, max_amount_minor=1500) == [first.stripe_id]
    between = rfc3339(second.stripe_created_at)
    assert await listed(client, created_from=between) == [second.stripe_id]
    assert await listed(client, created_to=rfc3339(first.stripe_created_at)) == [first.stripe_id]
    own = public_id("scon", shop.connection.id)
    assert await listed(client, connection_id=own, currency="EUR") == [second.stripe_id]
    assert await listed(client, invoice_id="inv_none") == []


async def test_a_payment_is_found_by_its_invoice(shop: Shop) -> None:
    body = {"number": "INV-7", "issued_on": "2026-03-01", "amount": "10.00", "currency": "GBP"}
    invoice = (await shop.client.post("/api/v1/invoices", json=body)).json()["id"]
    row = await shop.pay(metadata={"payymo_invoice_id": invoice})
    await shop.pay()

    assert await listed(shop.client, invoice_id=invoice) == [row.stripe_id]


async def test_one_payment_has_a_tag_until_it_changes(shop: Shop) -> None:
    row = await shop.pay(1050, currency="jpy")
    path = f"{PATH}/{public_id('sp', row.id)}"
    first = await shop.client.get(path)
    seen = first.json()
    again = {"If-None-Match": first.headers["etag"]}

    assert (seen["amount"], seen["amount_minor"], seen["currency"]) == (1050, 1050, "JPY")
    assert seen["payment_method"] == {"type": "card", "brand": "visa", "last4": "4242"}
    assert (seen["livemode"], seen["failure"]) == (False, None)
    await shop.fetch("payment_intent", row.stripe_id)
    assert (await shop.client.get(path, headers=again)).status_code == 304
    await shop.api.post("refunds", payment_intent=row.stripe_id, amount=50)
    await shop.fetch("payment_intent", row.stripe_id)
    changed = await shop.client.get(path, headers=again)
    assert changed.json()["amount_refunded_minor"] == 50


async def test_a_failed_payment_says_why(shop: Shop) -> None:
    row = await shop.decline("pm_card_chargeDeclinedInsufficientFunds")
    seen = (await shop.client.get(f"{PATH}/{public_id('sp', row.id)}")).json()

    assert seen["status"] == "requires_payment_method"
    assert seen["failure"]["code"] == "card_declined"
    assert seen["failure"]["decline_code"] == "insufficient_funds"


async def test_payments_outlive_their_connection(shop: Shop) -> None:
    row = await shop.pay()
    await shop.client.delete(f"/api/v1/stripe/connections/{public_id('scon', shop.connection.id)}")

    assert await listed(shop.client) == [row.stripe_id]


async def test_no_tenant_sees_anothers(shop: Shop, stranger: Someone) -> None:
    row = await shop.pay()

    assert await listed(stranger.client) == []
    answer = await stranger.client.get(f"{PATH}/{public_id('sp', row.id)}")
    assert answer.status_code == 404


@pytest.mark.parametrize("cursor", ["x", "WyIyMDI2LTAxLTAxIDAwOjAwOjAwIiwieCJd"])
async def test_a_made_up_cursor_is_refused(client: httpx.AsyncClient, cursor: str) -> None:
    answer = await client.get(PATH, params={"cursor": cursor})

    assert answer.json()["errors"][0]["pointer"] == "/cursor"
