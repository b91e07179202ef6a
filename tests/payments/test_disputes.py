"""Disputes: told at each step, and what they take from a payment."""

from typing import Any

import httpx
import orjson
import pytest

from payymo_api.core.types import public_id
from payymo_api.payments import tasks
from tests.payments.conftest import Shop

DISPUTES = "/api/v1/stripe/disputes"


async def dispute(
    shop: Shop,
    control: httpx.AsyncClient,
    payment: Any,  # noqa: ANN401  a row
    **asked: object,
) -> Any:  # noqa: ANN401  a dispute
    body = {"charge": payment.latest_charge, **asked}
    made = (await control.post("/stripe/disputes", json=body)).raise_for_status().json()
    return await shop.fetch("dispute", made["id"])


async def close(shop: Shop, control: httpx.AsyncClient, row: Any, status: str) -> Any:  # noqa: ANN401  a dispute
    path = f"/stripe/disputes/{row.stripe_id}/close"
    (await control.post(path, json={"status": status})).raise_for_status()
    return await shop.fetch("dispute", row.stripe_id)


async def taken(shop: Shop, payment: Any) -> tuple[int, int]:  # noqa: ANN401  a payment
    row = await shop.fetch("payment_intent", payment.stripe_id)
    return row.amount_disputed_minor, row.amount_lost_minor


async def test_a_dispute_names_its_payment_and_is_told_at_each_step(
    shop: Shop, control: httpx.AsyncClient
) -> None:
    payment = await shop.pay(4000)
    row = await dispute(shop, control, payment, amount=1500)
    for _ in range(2):
        row = await close(shop, control, row, "lost")

    told = (await shop.client.get(f"{DISPUTES}/{public_id('sdp', row.id)}")).json()
    assert (told["status"], told["reason"], told["amount_minor"]) == ("lost", "fraudulent", 1500)
    assert told["payment_id"] == public_id("sp", payment.id)
    events = await shop.events("stripe_payment.disputed")
    assert [orjson.loads(each.data or "")["status"] for each in events] == [
        "needs_response",
        "lost",
    ]


@pytest.mark.parametrize(("status", "sums"), [("won", (0, 0)), ("lost", (1500, 1500))])
async def test_what_banks_hold_and_what_is_lost_is_shown_of_the_payment(
    shop: Shop, control: httpx.AsyncClient, status: str, sums: tuple[int, int]
) -> None:
    payment = await shop.pay(4000)
    row = await dispute(shop, control, payment, amount=1500)
    assert await taken(shop, payment) == (1500, 0)

    await close(shop, control, row, status)

    assert await taken(shop, payment) == sums


async def test_an_inquiry_takes_nothing(shop: Shop, control: httpx.AsyncClient) -> None:
    payment = await shop.pay(4000)

    row = await dispute(shop, control, payment, reason="inquiry")

    assert row.status == "warning_needs_response"
    assert await taken(shop, payment) == (0, 0)


async def test_only_a_loss_changes_what_a_payment_brings(
    shop: Shop, control: httpx.AsyncClient
) -> None:
    payment = await shop.pay(4000)
    row = await dispute(shop, control, payment)
    assert await shop.events("stripe_disputes.decided") == []
    before = len(await shop.events("stripe_payments.moved"))

    await close(shop, control, row, "lost")
    for event in await shop.events("stripe_disputes.decided"):
        await tasks.tell_disputed_payments(shop.database, shop.tenant_id, event.payload)

    moved = await shop.events("stripe_payments.moved")
    assert [each.payload["payment_ids"] for each in moved[before:]] == [[str(payment.id)]]


async def test_a_dispute_that_is_known_before_its_payment_finds_it(
    shop: Shop, control: httpx.AsyncClient
) -> None:
    made = await shop.api.pay(4000)
    body = {"charge": made["latest_charge"]}
    opened = (await control.post("/stripe/disputes", json=body)).json()
    row = await shop.fetch("dispute", opened["id"])
    assert row.payment_id is None

    payment = await shop.fetch("payment_intent", made["id"])

    params = {"payment_id": public_id("sp", payment.id), "status": "needs_response"}
    [found] = (await shop.client.get(DISPUTES, params=params)).json()["data"]
    assert found["id"] == public_id("sdp", row.id)
    assert payment.amount_disputed_minor == 4000
