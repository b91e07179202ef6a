"""Customers at Stripe, by the API."""

import pytest

from tests.payments.billing import CUSTOMERS, connection_of, make_customer, new_card, ok
from tests.payments.conftest import Shop


async def test_a_customer_is_made_at_stripe_with_what_its_invoices_are_paid_with(
    shop: Shop,
) -> None:
    card = await new_card(shop)
    address = {"line1": "1 Quay Street", "city": "Bristol", "country": "GB"}

    made = await make_customer(
        shop, payment_method=card, address=address, metadata={"crm": "7"}, email="ap@h.example"
    )

    at_stripe = await shop.api.get(f"customers/{made['stripe_id']}")
    assert (at_stripe["name"], at_stripe["email"]) == ("Harbour Foods Ltd", "ap@h.example")
    assert at_stripe["invoice_settings"]["default_payment_method"] == card
    assert (made["default_payment_method"], made["metadata"]) == (card, {"crm": "7"})
    assert made["address"]["city"] == at_stripe["address"]["city"] == "Bristol"
    assert (await shop.api.get(f"payment_methods/{card}"))["customer"] == made["stripe_id"]


async def test_a_repeated_request_makes_one(shop: Shop) -> None:
    body = {"connection_id": connection_of(shop), "name": "Harbour Foods Ltd"}
    headers = {"Idempotency-Key": "harbour"}

    first, again = [
        ok(await shop.client.post(CUSTOMERS, json=body, headers=headers), 201) for _ in range(2)
    ]

    assert first == again
    assert len((await shop.api.get("customers"))["data"]) == 1


async def test_put_leaves_nothing_of_what_it_does_not_name_but_the_card(shop: Shop) -> None:
    made = await make_customer(shop, phone="+44 1", metadata={"a": "1", "b": "2"})
    path = f"{CUSTOMERS}/{made['id']}"

    changed = ok(await shop.client.put(path, json={"name": "Mill Lane", "metadata": {"b": "3"}}))

    assert (changed["name"], changed["phone"]) == ("Mill Lane", None)
    assert (changed["metadata"], changed["email"]) == ({"b": "3"}, None)
    assert changed["default_payment_method"] == made["default_payment_method"]
    assert ok(await shop.client.get(path)) == changed
    assert (await shop.api.get(f"customers/{made['stripe_id']}"))["metadata"] == {"b": "3"}


async def test_put_sees_what_was_changed_at_stripe(shop: Shop) -> None:
    made = await make_customer(shop)
    path = f"{CUSTOMERS}/{made['id']}"
    tag = (await shop.client.get(path)).headers["etag"]
    await shop.api.post(f"customers/{made['stripe_id']}", name="Elsewhere")

    refused = await shop.client.put(path, json={"name": "Here"}, headers={"If-Match": tag})

    assert refused.status_code == 412
    assert (await shop.api.get(f"customers/{made['stripe_id']}"))["name"] == "Elsewhere"


async def test_are_listed_the_newest_first_page_by_page(shop: Shop) -> None:
    made = [await make_customer(shop, name=f"No. {number}") for number in range(5)]

    found, cursor = [], None
    for _ in range(3):
        query = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = ok(await shop.client.get(CUSTOMERS, params=query))
        found += [each["id"] for each in page["data"]]
        cursor = page["next_cursor"]

    assert cursor is None
    assert sorted(found) == sorted(each["id"] for each in made)


@pytest.mark.parametrize(("name", "count"), [("stripe_id", 1), ("email", 1), ("connection_id", 2)])
async def test_are_found_by(shop: Shop, name: str, count: int) -> None:
    made = await make_customer(shop, email="a@harbour.example")
    await make_customer(shop, email="b@harbour.example")

    found = ok(await shop.client.get(CUSTOMERS, params={name: made[name]}))

    assert len(found["data"]) == count
    assert made["id"] in {each["id"] for each in found["data"]}


@pytest.mark.parametrize("cursor", ["x", "WyIyMDI2LTAxLTAxIiwiMSJd"])
async def test_a_cursor_that_is_none_is_refused(shop: Shop, cursor: str) -> None:
    refused = await shop.client.get(CUSTOMERS, params={"cursor": cursor})

    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/cursor"


async def test_stripes_objection_names_our_field(shop: Shop) -> None:
    body = {"connection_id": connection_of(shop), "payment_method": "pm_none"}

    refused = await shop.client.post(CUSTOMERS, json=body)

    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/payment_method"
