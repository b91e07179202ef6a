"""Payments captured and cancelled: in full, in part, once, and not against their state."""

from typing import Any

import httpx
import pytest

from tests.payments.conftest import Shop
from tests.payments.taking import PATH, asking, charging, intents, lose_answers, take

pytestmark = pytest.mark.usefixtures("nothing_blocks")


async def act(
    shop: Shop, made: dict[str, Any], action: str, key: str | None = None, **body: object
) -> httpx.Response:
    headers = {} if key is None else {"Idempotency-Key": key}
    return await shop.client.post(f"{PATH}/{made['id']}/{action}", json=body, headers=headers)


async def authorise(shop: Shop) -> dict[str, Any]:
    return await take(shop, charging(shop, capture_method="manual"))


async def test_what_was_authorised_is_captured(shop: Shop) -> None:
    made = await authorise(shop)
    assert (made["status"], made["amount_capturable_minor"]) == ("requires_capture", 1000)

    answer = await act(shop, made, "capture")

    assert answer.status_code == 200, answer.text
    assert (answer.json()["status"], answer.json()["amount_received_minor"]) == ("succeeded", 1000)
    assert await shop.told() == ["stripe_payment.succeeded"]


async def test_a_part_is_captured_and_the_rest_let_go(shop: Shop) -> None:
    made = await authorise(shop)

    told = (await act(shop, made, "capture", amount="4.00")).json()

    assert (told["status"], told["amount_received_minor"]) == ("succeeded", 400)
    assert told["amount_capturable_minor"] == 0


async def test_no_more_is_captured_than_was_authorised(shop: Shop) -> None:
    made = await authorise(shop)

    answer = await act(shop, made, "capture", amount_minor=1001)

    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/amount"]


@pytest.mark.parametrize("action", ["capture", "cancel"])
async def test_a_payment_that_has_succeeded_stays(shop: Shop, action: str) -> None:
    made = await take(shop, charging(shop))

    answer = await act(shop, made, action)

    assert (answer.status_code, answer.json()["code"]) == (409, "stripe_state_forbids")


async def test_a_payment_is_given_up(shop: Shop) -> None:
    made = await take(shop, asking(shop))

    told = (await act(shop, made, "cancel", reason="abandoned")).json()

    assert (told["status"], told["cancellation_reason"]) == ("canceled", "abandoned")
    assert told["canceled_at"]
    assert await shop.told() == []


async def test_what_was_only_authorised_is_not_given_back(shop: Shop) -> None:
    made = await authorise(shop)

    told = (await act(shop, made, "cancel")).json()

    assert (told["status"], told["amount_refunded_minor"]) == ("canceled", 0)
    assert await shop.told() == []


async def test_a_lost_capture_is_found_out_by_the_retry(
    shop: Shop, control: httpx.AsyncClient
) -> None:
    made = await authorise(shop)
    await lose_answers(control, 3, "*/capture")

    lost, answer = [await act(shop, made, "capture", "k-1", amount="4.00") for _ in range(2)]

    assert (lost.status_code, answer.status_code) == (503, 200)
    [intent] = await intents(shop, control)
    assert intent["amount_received"] == answer.json()["amount_received_minor"] == 400


async def test_an_event_of_before_does_not_hide_what_was_done(shop: Shop) -> None:
    """Somebody asked while our capture was under way, and heard of the state before it."""
    made = await authorise(shop)
    before = await shop.account.retrieve("payment_intent", made["stripe_id"])
    await shop.keep("payment_intent", before)

    told = (await act(shop, made, "capture")).json()

    assert told["status"] == "succeeded"
