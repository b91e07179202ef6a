"""Products and prices, read through."""

from tests.payments.billing import connection_of, make_price, ok
from tests.payments.conftest import Shop

PRODUCTS = "/api/v1/stripe/products"
PRICES = "/api/v1/stripe/prices"


async def test_prices_are_read_page_by_page_as_stripe_has_them_now(shop: Shop) -> None:
    made = [await make_price(shop, amount) for amount in (100, 250, 399)]
    query = {"connection_id": connection_of(shop), "limit": "2"}

    first = ok(await shop.client.get(PRICES, params=query))
    rest = ok(await shop.client.get(PRICES, params={**query, "cursor": first["next_cursor"]}))

    told = [*first["data"], *rest["data"]]
    assert [each["stripe_id"] for each in told] == made[::-1]
    assert [each["unit_amount"] for each in told] == [3.99, 2.50, 1.00]
    assert {(each["currency"], each["interval"], each["type"]) for each in told} == {
        ("GBP", "month", "recurring")
    }
    assert (first["has_more"], rest["has_more"], rest["next_cursor"]) == (True, False, None)


async def test_products_are_read(shop: Shop) -> None:
    made = await shop.api.post("products", name="Hosting", description="A server")
    await shop.api.post("products", name="Old", active=False)

    found = ok(
        await shop.client.get(
            PRODUCTS, params={"connection_id": connection_of(shop), "active": "true"}
        )
    )

    assert [(each["stripe_id"], each["name"]) for each in found["data"]] == [
        (made["id"], "Hosting")
    ]


async def test_a_cursor_that_is_none_is_refused(shop: Shop) -> None:
    query = {"connection_id": connection_of(shop), "cursor": "price_none"}

    refused = await shop.client.get(PRICES, params=query)

    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/cursor"
