"""POST /stripe/payments and what follows: made at Stripe once, kept, answered; secrets nowhere."""

from typing import Any

import httpx
import pytest
from sqlalchemy import select, text

from payymo_api.core.types import public_id
from payymo_api.payments.models import StripePayment
from payymo_api.payments.rules.declines import DECLINES, GENERIC
from tests.payments.conftest import RETURN_URL, Shop

PATH = "/api/v1/stripe/payments"
pytestmark = pytest.mark.usefixtures("nothing_blocks")


def asking(shop: Shop, **values: object) -> dict[str, object]:
    connection = public_id("scon", shop.connection.id)
    return {"connection_id": connection, "amount": "10.00", "currency": "GBP", **values}


def charging(shop: Shop, card: str = "pm_card_visa", **values: object) -> dict[str, object]:
    return asking(shop, payment_method=card, confirm=True, **values)


async def ask(shop: Shop, body: dict[str, object], key: str | None = None) -> httpx.Response:
    headers = {} if key is None else {"Idempotency-Key": key}
    return await shop.client.post(PATH, json=body, headers=headers)


async def take(shop: Shop, body: dict[str, object]) -> dict[str, Any]:
    answer = await ask(shop, body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def intents(shop: Shop, control: httpx.AsyncClient) -> list[dict[str, Any]]:
    found = (await control.get("/stripe/objects/payment_intent")).raise_for_status().json()
    return list(found["data"] if isinstance(found, dict) else found)


async def payments(shop: Shop) -> list[StripePayment]:
    async with shop.database.scope(shop.tenant_id) as scope:
        rows = await scope.session.scalars(
            select(StripePayment).where(StripePayment.tenant_id == shop.tenant_id)
        )
        return list(rows)


async def lose_answers(control: httpx.AsyncClient, calls: int) -> None:
    """Stripe does the work, and nobody hears of it; the SDK asks three times."""
    fault = {"path": "/v1/payment_intents", "calls": calls, "done": True, "drop": True}
    (await control.post("/faults", json=fault)).raise_for_status()


async def test_a_payment_is_made_for_the_payers_page(
    shop: Shop, control: httpx.AsyncClient
) -> None:
    answer = await ask(
        shop,
        asking(
            shop,
            description="Tea",
            metadata={"order": "17"},
            receipt_email="payer@example.com",
            setup_future_usage="off_session",
            statement_descriptor_suffix="INV 42",
        ),
    )

    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert answer.headers["location"] == f"{PATH}/{made['id']}"
    assert (made["status"], made["amount"], made["amount_minor"]) == (
        "requires_payment_method",
        10.0,
        1000,
    )
    assert (made["publishable_key"], made["stripe_account"]) == (None, None)
    [intent] = await intents(shop, control)
    assert (made["client_secret"], made["stripe_id"]) == (intent["client_secret"], intent["id"])
    assert intent["automatic_payment_methods"]["enabled"] is True
    assert intent["metadata"] == {"order": "17"}
    assert (intent["receipt_email"], intent["setup_future_usage"]) == (
        "payer@example.com",
        "off_session",
    )


async def test_a_method_that_stripe_keeps_is_charged_at_once(shop: Shop) -> None:
    made = await take(shop, charging(shop))

    assert (made["status"], made["amount_received_minor"]) == ("succeeded", 1000)
    assert made["payment_method"] == {"type": "card", "brand": "visa", "last4": "4242"}
    assert await shop.told() == ["stripe_payment.succeeded"]


async def test_yen_and_krona_are_counted_as_stripe_counts_them(
    shop: Shop, control: httpx.AsyncClient
) -> None:
    made = await take(shop, asking(shop, amount="5000", currency="JPY"))
    other = await take(shop, asking(shop, amount="5000", currency="ISK"))

    amounts = {each["currency"]: each["amount"] for each in await intents(shop, control)}
    assert amounts == {"jpy": 5000, "isk": 500_000}
    assert (made["amount_minor"], other["amount_minor"]) == (5000, 5000)


async def test_strong_authentication_shows_the_way(shop: Shop) -> None:
    body = charging(shop, "pm_card_threeDSecure2Required", return_url=RETURN_URL)

    made = await take(shop, body)

    assert (made["status"], made["next_action"]) == ("requires_action", "redirect_to_url")
    assert made["next_action_details"]["redirect_to_url"]["return_url"] == RETURN_URL
    assert await shop.told() == ["stripe_payment.requires_action"]


async def test_a_debit_stays_processing(shop: Shop) -> None:
    method = await shop.api.post(
        "payment_methods",
        type="sepa_debit",
        sepa_debit={"iban": "DE89370400440532013000"},
        billing_details={"name": "Jenny", "email": "jenny@example.com"},
    )
    body = charging(shop, method["id"], currency="EUR", payment_method_types=["sepa_debit"])

    made = await take(shop, body)

    assert made["status"] == "processing"
    assert await shop.told() == []


@pytest.mark.parametrize("code", ["insufficient_funds", "expired_card", "do_not_honor"])
async def test_a_decline_says_what_to_tell_and_what_to_do(shop: Shop, code: str) -> None:
    answer = await ask(shop, charging(shop, f"pm_card_declined_{code}"))

    assert answer.status_code == 402
    problem, meant = answer.json(), DECLINES[code]
    assert problem["code"] == "payment_declined"
    assert problem["detail"] == meant.payer
    decline = problem["decline"]
    assert (decline["decline_code"], decline["payer_message"]) == (code, meant.payer)
    assert (decline["next_step"], decline["retry"]) == (meant.next_step, meant.retry)
    [row] = await payments(shop)
    assert decline["payment_id"] == public_id("sp", row.id)
    assert row.status == "requires_payment_method"
    assert await shop.told() == ["stripe_payment.failed"]


async def test_a_hint_at_fraud_is_for_the_merchant_only(shop: Shop) -> None:
    answer = await ask(shop, charging(shop, "pm_card_declined_stolen_card"))

    assert answer.json()["decline"]["decline_code"] == GENERIC
    assert "stolen" not in answer.text
    [event] = await shop.events("stripe_payment.failed")
    assert event.data
    assert '"decline_code":"stolen_card"' in event.data
    assert DECLINES["stolen_card"].next_step in event.data


async def test_who_is_not_there_can_not_authenticate(shop: Shop) -> None:
    body = charging(shop, "pm_card_authenticationRequired", off_session=True)

    answer = await ask(shop, body)

    assert answer.status_code == 402
    assert answer.json()["decline"]["decline_code"] == "authentication_required"


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
