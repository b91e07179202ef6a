"""The official Python SDK, asynchronous and unchanged: payments, refunds, disputes."""

import httpx
import pytest
import stripe
from stripe import StripeClient

from tests.sandbox.stripe.conftest import RETURN_URL
from tests.sandbox.stripe.steps import pay


async def test_takes_a_payment_and_shows_what_it_cost(sdk: StripeClient) -> None:
    intent = await pay(sdk, 10_000, expand=["latest_charge.balance_transaction"])
    assert intent.status == "succeeded"
    charge = intent.latest_charge
    assert isinstance(charge, stripe.Charge)
    entry = charge.balance_transaction
    assert isinstance(entry, stripe.BalanceTransaction)
    assert (entry.amount, entry.fee, entry.net) == (10_000, 170, 9_830)
    assert sum(row.amount for row in entry.fee_details) == entry.fee


async def test_confirms_a_payment_later_and_captures_a_part(sdk: StripeClient) -> None:
    intent = await sdk.v1.payment_intents.create_async(
        {"amount": 1000, "currency": "gbp", "capture_method": "manual"}
    )
    assert intent.status == "requires_payment_method"
    confirmed = await sdk.v1.payment_intents.confirm_async(
        intent.id, {"payment_method": "pm_card_visa", "return_url": RETURN_URL}
    )
    assert (confirmed.status, confirmed.amount_capturable) == ("requires_capture", 1000)
    captured = await sdk.v1.payment_intents.capture_async(intent.id, {"amount_to_capture": 700})
    assert (captured.status, captured.amount_received) == ("succeeded", 700)


async def test_lets_an_authorisation_go_after_seven_days(
    sdk: StripeClient, control: httpx.AsyncClient
) -> None:
    intent = await pay(sdk, capture_method="manual")
    await control.put("/clock", json={"advance_seconds": 7 * 86_400 + 1})
    told = await sdk.v1.payment_intents.retrieve_async(intent.id)
    assert (told.status, told.cancellation_reason) == ("canceled", "automatic")


@pytest.mark.parametrize(
    ("choice", "status", "redirect_status"),
    [("approve", "succeeded", "succeeded"), ("reject", "requires_payment_method", "failed")],
)
async def test_asks_the_payer_to_authenticate(
    sdk: StripeClient, control: httpx.AsyncClient, choice: str, status: str, redirect_status: str
) -> None:
    intent = await pay(sdk, payment_method="pm_card_authenticationRequired")
    assert intent.status == "requires_action"
    assert intent.next_action
    assert intent.next_action.redirect_to_url
    url = intent.next_action.redirect_to_url.url or ""
    assert "<form" in (await control.get(url)).text
    back = await control.post(url, data={choice: "1"})
    assert back.headers["location"].startswith(f"{RETURN_URL}?payment_intent={intent.id}")
    assert back.headers["location"].endswith(f"redirect_status={redirect_status}")
    assert (await sdk.v1.payment_intents.retrieve_async(intent.id)).status == status


async def test_charges_nobody_who_is_absent_and_must_authenticate(sdk: StripeClient) -> None:
    with pytest.raises(stripe.CardError) as refused:
        await pay(sdk, payment_method="pm_card_authenticationRequired", off_session=True)
    assert refused.value.code == "authentication_required"


@pytest.mark.parametrize(
    ("card", "code", "decline_code"),
    [
        ("pm_card_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_visa_chargeDeclinedLostCard", "card_declined", "lost_card"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", None),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", None),
        ("pm_card_chargeDeclinedProcessingError", "processing_error", None),
        ("pm_card_declined_do_not_honor", "card_declined", "do_not_honor"),
    ],
)
async def test_declines_a_card_by_its_code(
    sdk: StripeClient, card: str, code: str, decline_code: str | None
) -> None:
    with pytest.raises(stripe.CardError) as refused:
        await pay(sdk, payment_method=card)
    error = refused.value
    assert (error.http_status, error.code) == (402, code)
    assert error.error
    assert error.error.decline_code == decline_code
    assert error.error.payment_intent
    intent = await sdk.v1.payment_intents.retrieve_async(error.error.payment_intent.id)
    assert intent.status == "requires_payment_method"
    charge = await sdk.v1.charges.retrieve_async(str(intent.latest_charge))
    assert (charge.status, charge.failure_code) == ("failed", code)


@pytest.mark.parametrize(
    ("failure", "status"), [(None, "succeeded"), ("insufficient_funds", "requires_payment_method")]
)
async def test_hears_of_a_bank_debit_days_later(
    sdk: StripeClient, control: httpx.AsyncClient, failure: str | None, status: str
) -> None:
    debit = {"type": "sepa_debit", "sepa_debit": {"iban": "DE89370400440532013000"}}
    intent = await pay(sdk, currency="eur", payment_method=None, payment_method_data=debit)
    assert intent.status == "processing"
    asked = {"failure": failure} if failure else {}
    await control.post(f"/stripe/payment_intents/{intent.id}/resolve", json=asked)
    told = await sdk.v1.payment_intents.retrieve_async(intent.id)
    assert told.status == status
    assert (told.last_payment_error.code if told.last_payment_error else None) == failure


async def test_refunds_a_part_and_then_the_rest(sdk: StripeClient) -> None:
    intent = await pay(sdk)
    first = await sdk.v1.refunds.create_async({"payment_intent": intent.id, "amount": 300})
    assert first.status == "succeeded"
    await sdk.v1.refunds.create_async({"payment_intent": intent.id})
    charge = await sdk.v1.charges.retrieve_async(
        str(intent.latest_charge), {"expand": ["refunds.data.balance_transaction"]}
    )
    assert (charge.amount_refunded, charge.refunded) == (1000, True)
    assert charge.refunds
    assert [row.amount for row in charge.refunds.data] == [700, 300]
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await sdk.v1.refunds.create_async({"payment_intent": intent.id})
    assert refused.value.code == "charge_already_refunded"


async def test_a_refund_may_fail_after_all(sdk: StripeClient, control: httpx.AsyncClient) -> None:
    intent = await pay(sdk, payment_method="pm_card_refundFail")
    refund = await sdk.v1.refunds.create_async({"payment_intent": intent.id})
    assert refund.status == "succeeded"
    await control.put("/clock", json={"advance_seconds": 86_401})
    told = await sdk.v1.refunds.retrieve_async(refund.id)
    assert (told.status, told.failure_reason) == ("failed", "expired_or_canceled_card")
    charge = await sdk.v1.charges.retrieve_async(str(intent.latest_charge))
    assert charge.amount_refunded == 0


@pytest.mark.parametrize(
    ("text", "status", "rows"), [("winning_evidence", "won", 2), ("losing_evidence", "lost", 1)]
)
async def test_disputes_are_won_and_lost_by_evidence(
    sdk: StripeClient, text: str, status: str, rows: int
) -> None:
    await pay(sdk, payment_method="pm_card_createDispute")
    [dispute] = (await sdk.v1.disputes.list_async()).data
    assert dispute.status == "needs_response"
    closed = await sdk.v1.disputes.update_async(
        dispute.id, {"evidence": {"uncategorized_text": text}}
    )
    assert (closed.status, len(closed.balance_transactions)) == (status, rows)


async def test_an_inquiry_can_be_answered_by_a_refund(sdk: StripeClient) -> None:
    asked, taken = [
        await pay(sdk, payment_method=f"pm_card_{card}")
        for card in ("createDisputeInquiry", "createDispute")
    ]
    assert (await sdk.v1.refunds.create_async({"payment_intent": asked.id})).amount == 1000
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await sdk.v1.refunds.create_async({"payment_intent": taken.id})
    assert refused.value.code == "charge_disputed"
