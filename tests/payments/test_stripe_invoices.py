"""Invoices at Stripe, by the API."""

import pytest

from tests.payments.billing import (
    STRIPE_INVOICES,
    connection_of,
    draft,
    make_customer,
    make_price,
    ok,
)
from tests.payments.conftest import Shop


async def test_a_draft_has_its_lines(shop: Shop) -> None:
    customer = (await make_customer(shop))["stripe_id"]
    price = await make_price(shop, 2000, recurring=None)

    made = await draft(
        shop,
        customer,
        {"description": "Moving in", "amount": "100.50"},
        {"price": price, "quantity": 3},
        {"description": "Welcome", "amount_minor": -550},
        metadata={"order": "7"},
    )

    assert (made["status"], made["number"], made["amount_minor"]) == ("draft", None, 15_500)
    assert sorted((line["amount_minor"], line["price"]) for line in made["lines"]) == [
        (-550, None),
        (6000, price),
        (10_050, None),
    ]
    assert made["metadata"] == {"order": "7"}
    read = ok(await shop.client.get(f"{STRIPE_INVOICES}/{made['id']}"))
    assert read == made


async def test_is_finalised_sent_and_paid(shop: Shop) -> None:
    customer = (await make_customer(shop))["stripe_id"]
    made = await draft(shop, customer)
    path = f"{STRIPE_INVOICES}/{made['id']}"

    finalised = ok(await shop.client.post(f"{path}/finalize"))
    assert (finalised["status"], finalised["payments"][0]["status"]) == ("open", "open")
    assert finalised["number"]
    assert finalised["due_at"]
    assert ok(await shop.client.post(f"{path}/send"))["status"] == "open"
    paid = ok(await shop.client.post(f"{path}/pay", json={}))

    assert (paid["status"], paid["amount_paid_minor"], paid["amount_remaining_minor"]) == (
        "paid",
        10_000,
        0,
    )
    [payment] = paid["payments"]
    intent = await shop.api.get(f"payment_intents/{payment['payment_intent']}")
    assert (payment["status"], intent["status"], intent["amount_received"]) == (
        "paid",
        "succeeded",
        10_000,
    )


async def test_a_repeated_request_drafts_and_pays_once(shop: Shop) -> None:
    customer = (await make_customer(shop))["stripe_id"]
    body = {
        "connection_id": connection_of(shop),
        "customer": customer,
        "currency": "GBP",
        "lines": [{"description": "Moving in", "amount": "100.00"}],
    }
    drafts = [
        ok(
            await shop.client.post(
                STRIPE_INVOICES, json=body, headers={"Idempotency-Key": "draft"}
            ),
            201,
        )
        for _ in range(2)
    ]
    assert drafts[0] == drafts[1]
    path = f"{STRIPE_INVOICES}/{drafts[0]['id']}/pay"
    for _ in range(2):
        ok(await shop.client.post(path, json={}, headers={"Idempotency-Key": "pay"}))

    assert len((await shop.api.get("invoices"))["data"]) == 1
    charged = [each["amount"] for each in (await shop.api.get("charges"))["data"]]
    assert charged == [10_000]


async def test_a_declined_payment_says_why_and_the_invoice_stays_open(shop: Shop) -> None:
    customer = await make_customer(shop, token="tok_chargeCustomerFail")
    path = f"{STRIPE_INVOICES}/{(await draft(shop, customer['stripe_id']))['id']}"

    refused = await shop.client.post(f"{path}/pay", json={})

    assert (refused.status_code, refused.json()["code"]) == (402, "payment_declined")
    assert ok(await shop.client.get(path))["status"] == "open"


async def test_paid_elsewhere_charges_nothing(shop: Shop) -> None:
    path = (
        f"{STRIPE_INVOICES}/{(await draft(shop, (await make_customer(shop))['stripe_id']))['id']}"
    )

    paid = ok(await shop.client.post(f"{path}/pay", json={"paid_elsewhere": True}))

    assert paid["status"] == "paid"
    assert (await shop.api.get("charges"))["data"] == []


async def test_is_voided(shop: Shop) -> None:
    path = (
        f"{STRIPE_INVOICES}/{(await draft(shop, (await make_customer(shop))['stripe_id']))['id']}"
    )
    ok(await shop.client.post(f"{path}/finalize"))

    voided = ok(await shop.client.post(f"{path}/void"))

    assert (voided["status"], voided["payments"][0]["status"]) == ("void", "canceled")
    refused = await shop.client.post(f"{path}/pay", json={})
    assert refused.status_code == 422


async def test_a_draft_is_deleted_and_what_is_finalised_is_not(shop: Shop) -> None:
    customer = (await make_customer(shop))["stripe_id"]
    paths = [f"{STRIPE_INVOICES}/{(await draft(shop, customer))['id']}" for _ in range(2)]
    ok(await shop.client.post(f"{paths[1]}/finalize"))

    assert (await shop.client.delete(paths[0])).status_code == 204
    assert (await shop.client.get(paths[0])).status_code == 404
    refused = await shop.client.delete(paths[1])
    assert (refused.status_code, refused.json()["code"]) == (409, "stripe_invoice_not_draft")


async def test_a_draft_whose_lines_are_refused_does_not_stay(shop: Shop) -> None:
    body = {
        "connection_id": connection_of(shop),
        "customer": (await make_customer(shop))["stripe_id"],
        "currency": "GBP",
        "lines": [{"price": "price_none"}],
    }

    refused = await shop.client.post(STRIPE_INVOICES, json=body)

    assert refused.status_code == 422
    assert (await shop.api.get("invoices"))["data"] == []


@pytest.mark.parametrize(
    ("line", "pointer"),
    [
        ({"description": "x", "amount": "1.005"}, "/lines/0/amount"),
        ({"description": "x"}, "/lines/0"),
        ({"amount": "1.00"}, "/lines/0"),
        ({"price": "price_a", "amount": "1.00", "description": "x"}, "/lines/0"),
    ],
)
async def test_what_is_wrong_with_a_line_is_named(
    shop: Shop, line: dict[str, object], pointer: str
) -> None:
    body = {
        "connection_id": connection_of(shop),
        "customer": "cus_x",
        "currency": "GBP",
        "lines": [line],
    }

    refused = await shop.client.post(STRIPE_INVOICES, json=body)

    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == pointer


async def test_are_listed_by_customer_and_status(shop: Shop) -> None:
    mine, other = [(await make_customer(shop))["stripe_id"] for _ in range(2)]
    made = await draft(shop, mine)
    await draft(shop, other)

    found = ok(await shop.client.get(STRIPE_INVOICES, params={"customer": mine}))
    none = ok(await shop.client.get(STRIPE_INVOICES, params={"customer": mine, "status": "open"}))

    assert [each["id"] for each in found["data"]] == [made["id"]]
    assert none["data"] == []
