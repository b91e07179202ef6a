"""Subscriptions at Stripe, by the API."""

import httpx
import pytest

from payymo_api.core.types import SubscriptionId, new_id, parse_public_id
from payymo_api.payments.rules.subscriptions import item_changes
from payymo_api.payments.service.attempts import Attempt
from payymo_api.payments.service.subscriptions import resume_subscription
from tests.payments.billing import (
    SUBSCRIPTIONS,
    connection_of,
    make_customer,
    make_price,
    ok,
    subscribe,
)
from tests.payments.conftest import Shop


async def test_a_subscription_charges_its_first_invoice(shop: Shop) -> None:
    customer, price = (await make_customer(shop))["stripe_id"], await make_price(shop, 1250)

    made = await subscribe(shop, customer, {"price": price, "quantity": 2})

    assert (made["status"], made["customer"], made["currency"]) == ("active", customer, "GBP")
    [item] = made["items"]
    assert (item["price"], item["quantity"], item["unit_amount"]) == (price, 2, 12.50)
    assert made["client_secret"] is None
    invoice = await shop.api.get(f"invoices/{made['latest_invoice']}")
    assert (invoice["status"], invoice["amount_paid"]) == ("paid", 2500)


async def test_the_payer_pays_the_first_invoice_on_the_tenants_page(shop: Shop) -> None:
    customer, price = (await make_customer(shop))["stripe_id"], await make_price(shop)

    made = await subscribe(shop, customer, {"price": price}, payment_behavior="default_incomplete")

    assert made["status"] == "incomplete"
    assert made["client_secret"].startswith("pi_")
    read = ok(await shop.client.get(f"{SUBSCRIPTIONS}/{made['id']}"))
    assert "client_secret" not in read
    row = await shop.fetch("subscription", made["stripe_id"])
    assert made["client_secret"] not in str(row.raw)


async def test_a_declined_card_makes_nothing(shop: Shop) -> None:
    customer = await make_customer(shop, token="tok_chargeCustomerFail")
    body = {
        "connection_id": connection_of(shop),
        "customer": customer["stripe_id"],
        "items": [{"price": await make_price(shop)}],
        "payment_behavior": "error_if_incomplete",
    }

    refused = await shop.client.post(SUBSCRIPTIONS, json=body)

    assert (refused.status_code, refused.json()["code"]) == (402, "payment_declined")
    assert ok(await shop.client.get(SUBSCRIPTIONS))["data"] == []


async def test_a_repeated_request_subscribes_once(shop: Shop) -> None:
    customer, price = (await make_customer(shop))["stripe_id"], await make_price(shop)
    body = {
        "connection_id": connection_of(shop),
        "customer": customer,
        "items": [{"price": price}],
    }
    headers = {"Idempotency-Key": "once"}

    first, again = [
        ok(await shop.client.post(SUBSCRIPTIONS, json=body, headers=headers), 201) for _ in range(2)
    ]

    assert first == again
    assert len((await shop.api.get("subscriptions", status="all"))["data"]) == 1


async def test_a_change_of_price_is_prorated(shop: Shop, control: httpx.AsyncClient) -> None:
    await control.put("/clock", json={"at": "2027-04-01T00:00:00Z"})
    small, large = await make_price(shop, 3000), await make_price(shop, 6000)
    customer = (await make_customer(shop))["stripe_id"]
    made = await subscribe(shop, customer, {"price": small})
    await control.put("/clock", json={"at": "2027-04-16T00:00:00Z"})

    change = {"items": [{"price": large}], "proration_behavior": "always_invoice"}
    changed = ok(await shop.client.put(f"{SUBSCRIPTIONS}/{made['id']}", json=change))

    assert [item["price"] for item in changed["items"]] == [large]
    assert changed["items"][0]["stripe_id"] == made["items"][0]["stripe_id"]
    invoice = await shop.api.get(f"invoices/{changed['latest_invoice']}")
    assert [line["amount"] for line in invoice["lines"]["data"]] == [-1500, 3000]


async def test_items_become_exactly_what_is_wished(shop: Shop) -> None:
    first, second, third = [await make_price(shop, amount) for amount in (100, 200, 300)]
    customer = (await make_customer(shop))["stripe_id"]
    made = await subscribe(shop, customer, {"price": first}, {"price": second})

    change = {"items": [{"price": second, "quantity": 5}, {"price": third}]}
    path = f"{SUBSCRIPTIONS}/{made['id']}"
    for _ in range(2):
        changed = ok(await shop.client.put(path, json=change))
        assert {(item["price"], item["quantity"]) for item in changed["items"]} == {
            (second, 5),
            (third, 1),
        }
    change = {"items": [{"price": second}]}
    changed = ok(await shop.client.put(path, json=change))
    assert [item["price"] for item in changed["items"]] == [second]


async def test_pauses_and_goes_on(shop: Shop) -> None:
    customer, price = (await make_customer(shop))["stripe_id"], await make_price(shop)
    path = f"{SUBSCRIPTIONS}/{(await subscribe(shop, customer, {'price': price}))['id']}"

    paused = ok(
        await shop.client.post(
            f"{path}/pause",
            json={"behavior": "keep_as_draft", "resumes_at": "2027-12-01T00:00:00Z"},
        )
    )
    assert (paused["pause_behavior"], paused["resumes_at"]) == (
        "keep_as_draft",
        "2027-12-01T00:00:00Z",
    )
    assert ok(await shop.client.post(f"{path}/resume"))["pause_behavior"] is None


async def test_ends_at_the_end_of_its_period_unless_that_is_taken_back(shop: Shop) -> None:
    customer, price = (await make_customer(shop))["stripe_id"], await make_price(shop)
    path = f"{SUBSCRIPTIONS}/{(await subscribe(shop, customer, {'price': price}))['id']}"

    ending = ok(await shop.client.post(f"{path}/cancel", json={"at_period_end": True}))
    assert (ending["status"], ending["cancel_at_period_end"]) == ("active", True)
    assert ending["cancel_at"] == ending["current_period_end"]
    going_on = ok(await shop.client.post(f"{path}/resume"))
    assert (going_on["cancel_at_period_end"], going_on["cancel_at"]) == (False, None)


async def test_ends_now_and_stays_readable(shop: Shop) -> None:
    customer, price = (await make_customer(shop))["stripe_id"], await make_price(shop)
    made = await subscribe(shop, customer, {"price": price})
    path = f"{SUBSCRIPTIONS}/{made['id']}"

    for _ in range(2):
        ended = ok(await shop.client.post(f"{path}/cancel", json={}))
        assert ended["status"] == "canceled"
        assert ended["ended_at"]

    query = {"status": "canceled", "customer": customer}
    listed = ok(await shop.client.get(SUBSCRIPTIONS, params=query))
    assert [each["id"] for each in listed["data"]] == [made["id"]]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"customer": "cus_none"}, "/customer"),
        ({"items": [{"price": "price_none"}]}, "/items/0/price"),
        ({"items": [{"price": "price_a"}, {"price": "price_a"}]}, "/items"),
        ({"collection_method": "send_invoice"}, ""),
    ],
)
async def test_what_is_wrong_is_named(shop: Shop, change: dict[str, object], pointer: str) -> None:
    body = {
        "connection_id": connection_of(shop),
        "customer": (await make_customer(shop))["stripe_id"],
        "items": [{"price": await make_price(shop)}],
    }

    refused = await shop.client.post(SUBSCRIPTIONS, json=body | change)

    assert refused.status_code == 422, refused.text
    assert refused.json()["errors"][0]["pointer"] == pointer


def item(id: str, price: str) -> dict[str, object]:
    return {"id": id, "price": {"id": price}}


@pytest.mark.parametrize(
    ("wished", "changes"),
    [
        ([("a", 2)], [{"id": "1", "price": "a", "quantity": 2}, {"id": "2", "deleted": True}]),
        ([("a", None), ("b", None)], [{"id": "1", "price": "a"}, {"id": "2", "price": "b"}]),
        (
            [("b", 1), ("c", 1)],
            [
                {"id": "2", "price": "b", "quantity": 1},
                {"id": "1", "price": "c", "quantity": 1},
            ],
        ),
        (
            [("c", 1), ("d", 1), ("e", 1)],
            [
                {"id": "1", "price": "c", "quantity": 1},
                {"id": "2", "price": "d", "quantity": 1},
                {"price": "e", "quantity": 1},
            ],
        ),
    ],
)
def test_an_item_of_a_wished_price_is_kept_and_others_change_over(
    wished: list[tuple[str, int | None]], changes: list[dict[str, object]]
) -> None:
    assert item_changes([item("1", "a"), item("2", "b")], wished) == changes


async def test_going_on_is_done_once_though_it_is_asked_for_again(shop: Shop) -> None:
    """The process ended before it could answer; the client asks with the same key."""
    customer, price = (await make_customer(shop))["stripe_id"], await make_price(shop)
    made = await subscribe(shop, customer, {"price": price})
    ok(await shop.client.post(f"{SUBSCRIPTIONS}/{made['id']}/cancel", json={"at_period_end": True}))
    id = SubscriptionId(parse_public_id("ssub", made["id"]))
    attempt = Attempt(shop.database, shop.stripes, shop.tenant_id, new_id(), None, repeated=False)

    for _ in range(2):
        answer = await resume_subscription(attempt, id)
        assert answer.cancel_at_period_end is False
