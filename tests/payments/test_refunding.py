"""Money given back: in full, in part, pending, failing after all, and never twice."""

from typing import Any

import httpx
import pytest

from tests.payments.conftest import Shop
from tests.payments.taking import PATH, asking, charging, lose_answers, take

REFUNDS = "/api/v1/stripe/refunds"
pytestmark = pytest.mark.usefixtures("nothing_blocks")


async def refund(
    shop: Shop, made: dict[str, Any], key: str | None = None, **body: object
) -> httpx.Response:
    headers = {} if key is None else {"Idempotency-Key": key}
    return await shop.client.post(f"{PATH}/{made['id']}/refunds", json=body, headers=headers)


async def refunded(shop: Shop, made: dict[str, Any]) -> int:
    """What the payment says, as it is kept."""
    row = await shop.fetch("payment_intent", made["stripe_id"])
    return int(row.amount_refunded_minor)


async def at_stripe(control: httpx.AsyncClient) -> list[dict[str, Any]]:
    return list((await control.get("/stripe/objects/refund")).json())


async def test_all_is_given_back(shop: Shop) -> None:
    made = await take(shop, charging(shop))

    answer = await refund(shop, made, reason="requested_by_customer", metadata={"case": "7"})

    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert (told["status"], told["amount_minor"], told["payment_id"]) == (
        "succeeded",
        1000,
        made["id"],
    )
    assert (told["reason"], told["metadata"]) == ("requested_by_customer", {"case": "7"})
    assert await shop.told() == ["stripe_payment.succeeded", "stripe_payment.refunded"]
    again = await refund(shop, made)
    assert (again.status_code, again.json()["code"]) == (409, "stripe_state_forbids")


async def test_parts_are_given_back_until_nothing_is_left(shop: Shop) -> None:
    made = await take(shop, charging(shop))

    parts = [await refund(shop, made, amount="4.00") for _ in range(2)]
    over = await refund(shop, made, amount="2.01")
    rest = await refund(shop, made)

    assert [each.status_code for each in parts] == [201, 201]
    assert over.status_code == 422
    assert [each["pointer"] for each in over.json()["errors"]] == ["/amount"]
    assert rest.json()["amount_minor"] == 200
    assert await refunded(shop, made) == 1000
    assert (await shop.told()).count("stripe_payment.refunded") == 3


async def test_what_was_not_paid_is_not_given_back(shop: Shop) -> None:
    made = await take(shop, asking(shop))

    answer = await refund(shop, made)

    assert (answer.status_code, answer.json()["code"]) == (409, "stripe_state_forbids")


async def test_a_refund_that_waits_and_one_that_fails(
    shop: Shop, control: httpx.AsyncClient
) -> None:
    pending = await take(shop, charging(shop, "pm_card_pendingRefund"))
    failing = await take(shop, charging(shop, "pm_card_refundFail"))
    waits, fails = [(await refund(shop, each)).json() for each in (pending, failing)]
    assert (waits["status"], fails["status"]) == ("pending", "succeeded")

    await control.put("/clock", json={"advance_seconds": 86401})
    for each in (waits, fails):
        await shop.fetch("refund", each["stripe_id"])

    found = {
        each: (await shop.client.get(f"{REFUNDS}/{each}")).json() for each in ids(waits, fails)
    }
    assert found[waits["id"]]["status"] == "succeeded"
    assert found[fails["id"]]["status"] == "failed"
    assert found[fails["id"]]["failure_reason"] == "expired_or_canceled_card"
    assert await refunded(shop, failing) == 0


def ids(*rows: dict[str, Any]) -> list[str]:
    return [row["id"] for row in rows]


async def test_a_lost_refund_is_not_given_twice(shop: Shop, control: httpx.AsyncClient) -> None:
    made = await take(shop, charging(shop))
    await lose_answers(control, 3, "/v1/refunds")

    lost, answer, replay = [await refund(shop, made, "k-1", amount="3.00") for _ in range(3)]

    assert (lost.status_code, answer.status_code, replay.status_code) == (503, 201, 201)
    assert answer.content == replay.content
    [only] = await at_stripe(control)
    assert (only["id"], only["amount"]) == (answer.json()["stripe_id"], 300)
    assert await refunded(shop, made) == 300


async def test_refunds_are_listed_newest_first_by_payment_and_status(shop: Shop) -> None:
    one, other = [await take(shop, charging(shop)) for _ in range(2)]
    first, second = [(await refund(shop, one, amount="1.00")).json() for _ in range(2)]
    third = (await refund(shop, other)).json()

    async def listed(**params: str) -> set[str]:
        return set(ids(*(await shop.client.get(REFUNDS, params=params)).json()["data"]))

    assert await listed() == set(ids(first, second, third))
    assert await listed(payment_id=one["id"]) == set(ids(first, second))
    assert await listed(payment_id="sp_none") == set()
    assert await listed(status="pending") == set()
    page = (await shop.client.get(REFUNDS, params={"limit": 2})).json()
    params = {"limit": 2, "cursor": page["next_cursor"]}
    rest = (await shop.client.get(REFUNDS, params=params)).json()
    assert ids(*page["data"], *rest["data"]) == ids(third, second, first)


async def test_a_refund_of_an_unknown_payment_is_kept_all_the_same(shop: Shop) -> None:
    """It was made in Stripe's dashboard, before anything was told of its payment."""
    intent = await shop.api.pay()
    made = await shop.api.post("refunds", payment_intent=intent["id"])

    row = await shop.fetch("refund", made["id"])

    assert row.payment_id is None
    payment = await shop.fetch("payment_intent", intent["id"])
    assert (await shop.fetch("refund", made["id"])).payment_id == payment.id
