"""A payment is made once, whatever is lost on the way."""

import asyncio

import httpx
import pytest
from sqlalchemy import text

from tests.payments.conftest import Shop
from tests.payments.taking import ask, charging, intents, invoice, lose_answers, payments

pytestmark = pytest.mark.usefixtures("nothing_blocks")


async def test_the_same_key_charges_once(shop: Shop, control: httpx.AsyncClient) -> None:
    body = charging(shop)

    answers = [await ask(shop, body, "k-1") for _ in range(3)]

    assert [each.status_code for each in answers] == [201, 201, 201]
    assert len({each.content for each in answers}) == 1
    assert [each.headers.get("idempotent-replayed") for each in answers] == [None, "true", "true"]
    assert len(await intents(shop, control)) == 1


async def test_a_decline_is_kept_under_its_key(shop: Shop, control: httpx.AsyncClient) -> None:
    body = charging(shop, "pm_card_chargeDeclined")

    first, second = [await ask(shop, body, "k-1") for _ in range(2)]

    assert (first.status_code, second.status_code) == (402, 402)
    assert first.json()["decline"] == second.json()["decline"]
    assert len(await intents(shop, control)) == 1


@pytest.mark.parametrize("key", ["k-1", None])
async def test_an_answer_lost_on_the_way_does_not_charge_twice(
    shop: Shop, control: httpx.AsyncClient, key: str | None
) -> None:
    """Stripe has done it; the SDK asks again, with the same key."""
    await lose_answers(control, 1)

    answer = await ask(shop, charging(shop), key)

    assert answer.status_code == 201, answer.text
    [intent] = await intents(shop, control)
    assert answer.json()["stripe_id"] == intent["id"]


async def test_a_request_that_was_cut_off_is_taken_up(
    shop: Shop, control: httpx.AsyncClient
) -> None:
    """Stripe has charged, and every answer was lost: nobody knew. The client's retry finds out."""
    await lose_answers(control, 3)
    body = charging(shop)
    lost = await ask(shop, body, "k-1")
    [intent] = await intents(shop, control)

    answer = await ask(shop, body, "k-1")

    assert (lost.status_code, answer.status_code) == (503, 201)
    assert answer.json()["stripe_id"] == intent["id"]
    assert len(await intents(shop, control)) == 1


async def test_what_happened_since_is_not_undone_by_an_answer_of_then(
    shop: Shop, control: httpx.AsyncClient
) -> None:
    await lose_answers(control, 3)
    body = charging(shop, capture_method="manual")
    await ask(shop, body, "k-1")
    [intent] = await intents(shop, control)
    await shop.api.post(f"payment_intents/{intent['id']}/capture")
    await shop.fetch("payment_intent", intent["id"])

    answer = await ask(shop, body, "k-1")

    assert answer.json()["status"] == "succeeded"
    [row] = await payments(shop)
    assert row.status == "succeeded"


async def test_after_a_day_nobody_repeats_what_may_be_done(
    shop: Shop, control: httpx.AsyncClient
) -> None:
    await lose_answers(control, 3)
    body = charging(shop)
    await ask(shop, body, "k-1")
    async with shop.database.scope(shop.tenant_id) as scope:
        await scope.session.execute(
            text("UPDATE idempotency_keys SET created_at = now() - interval '24 hours'")
        )

    answer = await ask(shop, body, "k-1")

    assert (answer.status_code, answer.json()["code"]) == (409, "outcome_unknown")


async def test_a_refused_retry_is_not_the_last_word(shop: Shop, control: httpx.AsyncClient) -> None:
    """Stripe has charged, unheard; then it refuses our key for a while. The truth comes out yet."""
    body = charging(shop)
    await lose_answers(control, 3)
    lost = await ask(shop, body, "k-1")
    fault = {"path": "/v1/*", "error": "api_key_expired"}
    (await control.post("/faults", json=fault)).raise_for_status()

    refused, answer = [await ask(shop, body, "k-1") for _ in range(2)]

    assert [lost.status_code, refused.status_code, answer.status_code] == [503, 409, 201]
    assert refused.json()["code"] == "stripe_key_refused"
    assert len(await intents(shop, control)) == 1


async def test_a_twin_at_the_same_time_has_to_wait(shop: Shop, control: httpx.AsyncClient) -> None:
    body = charging(shop)

    answers = await asyncio.gather(*[ask(shop, body, "k-1") for _ in range(5)])

    assert {each.status_code for each in answers} <= {201, 409}
    assert [each.status_code for each in answers].count(201) >= 1
    assert len(await intents(shop, control)) == 1


async def test_a_retry_does_not_ask_whether_the_invoice_is_still_open(
    shop: Shop, control: httpx.AsyncClient
) -> None:
    """The first request may be what has paid it."""
    id = await invoice(shop, amount="10.00")
    await lose_answers(control, 3)
    body = charging(shop, invoice_id=id)
    await ask(shop, body, "k-1")
    async with shop.database.scope(shop.tenant_id) as scope:
        await scope.session.execute(
            text("UPDATE invoices SET settled_minor = amount_minor, status = 'paid'")
        )

    answer = await ask(shop, body, "k-1")

    assert answer.status_code == 201, answer.text
    assert len(await intents(shop, control)) == 1
