"""POST /stripe/payments: made at Stripe, kept, answered; secrets are nowhere."""

import httpx
import pytest
from sqlalchemy import select

from payymo_api.core.db import Base
from payymo_api.core.types import parse_public_id, public_id
from payymo_api.payments.rules.declines import DECLINES, GENERIC
from tests.payments.conftest import RETURN_URL, Shop
from tests.payments.taking import (
    PATH,
    ask,
    asking,
    charging,
    intents,
    invoice,
    lose_answers,
    payments,
    take,
)

pytestmark = pytest.mark.usefixtures("nothing_blocks")


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


async def test_no_secret_is_stored_or_logged(
    shop: Shop, capfd: pytest.CaptureFixture[str], control: httpx.AsyncClient
) -> None:
    await lose_answers(control, 3)
    body = charging(shop, "pm_card_threeDSecure2Required", return_url=RETURN_URL)
    await ask(shop, body, "k-1")
    made = (await ask(shop, body, "k-1")).json()
    await ask(shop, charging(shop, "pm_card_chargeDeclined"))
    secrets = [each["client_secret"] for each in await intents(shop, control)]

    kept = await everything(shop)

    assert made["client_secret"] in secrets
    assert made["stripe_id"] in kept
    out, err = capfd.readouterr()
    for secret in secrets:
        assert secret not in kept
        assert secret not in out + err


async def test_a_payment_names_its_invoice_at_stripe(
    shop: Shop, control: httpx.AsyncClient
) -> None:
    id = await invoice(shop)

    made = await take(shop, charging(shop, invoice_id=id))

    assert made["invoice_id"] == id
    [intent] = await intents(shop, control)
    assert intent["metadata"] == {"payymo_invoice_id": id}
    [moved] = await shop.events("stripe_payments.moved")
    assert moved.payload["payment_ids"] == [str(parse_public_id("sp", made["id"]))]


async def everything(shop: Shop) -> str:
    """Every row of every table that this tenant may read."""
    async with shop.database.scope(shop.tenant_id) as scope:
        found = [
            (await scope.session.execute(select(table))).all()
            for table in Base.metadata.sorted_tables
            if "tenant_id" in table.c
        ]
    return repr(found)
