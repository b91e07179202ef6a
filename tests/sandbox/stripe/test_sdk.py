"""The official Python SDK, asynchronous, runs unchanged against the sandbox."""

from typing import Any, Literal

import httpx
import pytest
import stripe
from stripe import StripeClient

from tests.sandbox.stripe.conftest import RETURN_URL

CARD = {"payment_method": "pm_card_visa", "confirm": True, "return_url": RETURN_URL}


async def pay(sdk: StripeClient, amount: int = 1000, **params: object) -> stripe.PaymentIntent:
    asked: Any = {"amount": amount, "currency": "gbp"} | CARD | params
    return await sdk.v1.payment_intents.create_async(asked)


async def customer_with_card(sdk: StripeClient, card: str = "pm_card_visa") -> stripe.Customer:
    customer = await sdk.v1.customers.create_async({"email": "payer@example.com"})
    method = await sdk.v1.payment_methods.attach_async(card, {"customer": customer.id})
    return await sdk.v1.customers.update_async(
        customer.id, {"invoice_settings": {"default_payment_method": method.id}}
    )


async def monthly(sdk: StripeClient, amount: int = 900) -> stripe.Price:
    return await sdk.v1.prices.create_async(
        {
            "currency": "gbp",
            "unit_amount": amount,
            "recurring": {"interval": "month"},
            "product_data": {"name": "Hosting"},
        }
    )


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


async def test_bills_a_subscription_each_month(
    sdk: StripeClient, control: httpx.AsyncClient
) -> None:
    await control.put("/clock", json={"at": "2027-01-31T10:00:00Z"})
    customer, price = await customer_with_card(sdk), await monthly(sdk)
    subscription = await sdk.v1.subscriptions.create_async(
        {"customer": customer.id, "items": [{"price": price.id, "quantity": 2}]}
    )
    assert subscription.status == "active"
    for moment in ("2027-02-28T12:00:00Z", "2027-03-31T12:00:00Z"):
        await control.put("/clock", json={"at": moment})
    found = await sdk.v1.invoices.list_async({"subscription": subscription.id})
    shown = [(row.billing_reason, row.status, row.amount_paid) for row in found.data]
    cycle = ("subscription_cycle", "paid", 1800)
    assert shown == [cycle, cycle, ("subscription_create", "paid", 1800)]


async def test_prorates_a_change_in_mid_period(
    sdk: StripeClient, control: httpx.AsyncClient
) -> None:
    await control.put("/clock", json={"at": "2027-04-01T00:00:00Z"})
    customer, small, large = (
        await customer_with_card(sdk),
        *[await monthly(sdk, amount) for amount in (3000, 6000)],
    )
    made = await sdk.v1.subscriptions.create_async(
        {"customer": customer.id, "items": [{"price": small.id}]}
    )
    await control.put("/clock", json={"at": "2027-04-16T00:00:00Z"})
    item = made["items"].data[0].id
    changed = await sdk.v1.subscriptions.update_async(
        made.id,
        {
            "items": [{"id": item, "price": large.id}],
            "proration_behavior": "always_invoice",
            "expand": ["latest_invoice"],
        },
    )
    invoice = changed.latest_invoice
    assert isinstance(invoice, stripe.Invoice)
    assert [line.amount for line in invoice.lines.data] == [-1500, 3000]
    assert (invoice.total, invoice.status) == (1500, "paid")


async def test_a_failing_renewal_is_past_due_and_ends_after_the_last_try(
    sdk: StripeClient, control: httpx.AsyncClient
) -> None:
    customer, price = await customer_with_card(sdk), await monthly(sdk)
    made = await sdk.v1.subscriptions.create_async(
        {"customer": customer.id, "items": [{"price": price.id}]}
    )
    broken = await sdk.v1.payment_methods.attach_async(
        "pm_card_chargeCustomerFail", {"customer": customer.id}
    )
    await sdk.v1.subscriptions.update_async(made.id, {"default_payment_method": broken.id})
    await control.put("/clock", json={"advance_seconds": 32 * 86_400})
    assert (await sdk.v1.subscriptions.retrieve_async(made.id)).status == "past_due"
    await control.put("/clock", json={"advance_seconds": 16 * 86_400})
    told = await sdk.v1.subscriptions.retrieve_async(made.id)
    assert told.cancellation_details
    assert (told.status, told.cancellation_details.reason) == ("canceled", "payment_failed")


async def test_an_incomplete_subscription_waits_for_its_first_payment(
    sdk: StripeClient,
) -> None:
    customer = await sdk.v1.customers.create_async({})
    price = await monthly(sdk)
    made = await sdk.v1.subscriptions.create_async(
        {
            "customer": customer.id,
            "items": [{"price": price.id}],
            "payment_behavior": "default_incomplete",
            "expand": ["latest_invoice.confirmation_secret"],
        }
    )
    assert made.status == "incomplete"
    invoice = made.latest_invoice
    assert isinstance(invoice, stripe.Invoice)
    assert invoice.confirmation_secret
    intent = invoice.confirmation_secret.client_secret.partition("_secret_")[0]
    await sdk.v1.payment_intents.confirm_async(intent, {"payment_method": "pm_card_visa"})
    assert (await sdk.v1.subscriptions.retrieve_async(made.id)).status == "active"


async def test_pauses_and_ends_a_subscription(
    sdk: StripeClient, control: httpx.AsyncClient
) -> None:
    customer, price = await customer_with_card(sdk), await monthly(sdk)
    made = await sdk.v1.subscriptions.create_async(
        {"customer": customer.id, "items": [{"price": price.id}]}
    )
    await sdk.v1.subscriptions.update_async(made.id, {"pause_collection": {"behavior": "void"}})
    await control.put("/clock", json={"advance_seconds": 32 * 86_400})
    [newest, *_] = (await sdk.v1.invoices.list_async({"subscription": made.id})).data
    assert newest.status == "void"
    await sdk.v1.subscriptions.update_async(
        made.id, {"pause_collection": "", "cancel_at_period_end": True}
    )
    await control.put("/clock", json={"advance_seconds": 32 * 86_400})
    assert (await sdk.v1.subscriptions.retrieve_async(made.id)).status == "canceled"


async def test_an_invoice_is_finalised_paid_and_tied_to_its_payment(sdk: StripeClient) -> None:
    customer = await customer_with_card(sdk)
    draft = await sdk.v1.invoices.create_async({"customer": customer.id})
    for amount in (700, 1300):
        await sdk.v1.invoice_items.create_async(
            {"customer": customer.id, "invoice": draft.id, "amount": amount, "currency": "gbp"}
        )
    opened = await sdk.v1.invoices.finalize_invoice_async(draft.id)
    assert (opened.status, opened.amount_due) == ("open", 2000)
    paid = await sdk.v1.invoices.pay_async(
        draft.id, {"expand": ["payments.data.payment.payment_intent"]}
    )
    assert (paid.status, paid.amount_paid) == ("paid", 2000)
    assert paid.payments
    intent = paid.payments.data[0].payment.payment_intent
    assert isinstance(intent, stripe.PaymentIntent)
    found = await sdk.v1.invoice_payments.list_async(
        {"payment": {"type": "payment_intent", "payment_intent": intent.id}}
    )
    assert [row.invoice for row in found.data] == [paid.id]
    assert not {"charge", "payment_intent", "paid"} & paid.to_dict().keys()
    charge = await sdk.v1.charges.retrieve_async(str(intent.latest_charge))
    assert "invoice" not in charge.to_dict()


async def test_an_invoice_that_needs_authentication_says_so(sdk: StripeClient) -> None:
    customer = await customer_with_card(sdk, "pm_card_authenticationRequired")
    draft = await sdk.v1.invoices.create_async({"customer": customer.id})
    await sdk.v1.invoice_items.create_async(
        {"customer": customer.id, "invoice": draft.id, "amount": 900}
    )
    with pytest.raises(stripe.CardError) as refused:
        await sdk.v1.invoices.pay_async(draft.id)
    assert refused.value.code == "invoice_payment_intent_requires_action"
    assert (await sdk.v1.invoices.retrieve_async(draft.id)).status == "open"


async def test_an_automatic_payout_is_the_sum_of_its_parts(
    sdk: StripeClient, control: httpx.AsyncClient
) -> None:
    for amount in (1000, 2500):
        await pay(sdk, amount)
    intent = await pay(sdk, 4000)
    await sdk.v1.refunds.create_async({"payment_intent": intent.id, "amount": 500})
    await control.post("/stripe/fees", json={"amount": 150, "currency": "gbp"})
    await control.put("/clock", json={"advance_seconds": 3 * 86_400})
    made = await control.post("/stripe/payouts", json={"currency": "gbp"})
    payout = await sdk.v1.payouts.retrieve_async(made.json()["id"])
    assert (payout.automatic, payout.reconciliation_status) == (True, "completed")
    rows = [
        row
        async for row in (
            await sdk.v1.balance_transactions.list_async(
                {"payout": payout.id, "limit": 2, "expand": ["data.source"]}
            )
        ).auto_paging_iter()
    ]
    parts = [row for row in rows if row.type != "payout"]
    assert sum(row.net for row in parts) == payout.amount
    assert sorted(row.type for row in parts) == sorted(["charge"] * 3 + ["refund", "stripe_fee"])
    assert [row.source for row in parts if row.type == "stripe_fee"] == [None]


async def test_a_payout_may_fail_after_it_was_paid_and_is_paid_again(
    sdk: StripeClient, control: httpx.AsyncClient
) -> None:
    await pay(sdk)
    asked = {"currency": "gbp", "pending": True, "pay": True}
    made = (await control.post("/stripe/payouts", json=asked)).json()
    assert (await sdk.v1.payouts.retrieve_async(made["id"])).status == "paid"
    failure = {"failure": "account_closed"}
    await control.post(f"/stripe/payouts/{made['id']}/resolve", json=failure)
    assert (await sdk.v1.payouts.retrieve_async(made["id"])).status == "failed"
    again = (await control.post("/stripe/payouts", json=asked)).json()
    assert again["amount"] == made["amount"]


@pytest.mark.parametrize("method", ["standard", "instant"])
async def test_a_payout_by_hand_can_not_be_traced(
    sdk: StripeClient, control: httpx.AsyncClient, method: Literal["standard", "instant"]
) -> None:
    await pay(sdk, payment_method="pm_card_bypassPending")
    payout = await sdk.v1.payouts.create_async({"amount": 500, "currency": "gbp", "method": method})
    assert (payout.automatic, payout.reconciliation_status) == (False, "not_applicable")
    with pytest.raises(stripe.InvalidRequestError):
        await sdk.v1.balance_transactions.list_async({"payout": payout.id})


async def test_a_customers_credit_pays_first(sdk: StripeClient) -> None:
    customer = await customer_with_card(sdk)
    await sdk.v1.customers.update_async(customer.id, {"balance": -1500})
    due = []
    for _ in range(3):
        draft = await sdk.v1.invoices.create_async({"customer": customer.id})
        await sdk.v1.invoice_items.create_async(
            {"customer": customer.id, "invoice": draft.id, "amount": 1000}
        )
        due.append((await sdk.v1.invoices.finalize_invoice_async(draft.id)).amount_due)
    assert due == [0, 500, 1000]


async def test_pages_forwards_and_backwards(sdk: StripeClient) -> None:
    made = [(await sdk.v1.customers.create_async({})).id for _ in range(7)]
    pages = await sdk.v1.customers.list_async({"limit": 3})
    assert [row.id async for row in pages.auto_paging_iter()] == made[::-1]
    back = await sdk.v1.customers.list_async({"limit": 3, "ending_before": made[0]})
    assert [row.id for row in back.data] == made[3:0:-1]
    assert back.has_more


async def test_the_same_idempotency_key_charges_once(sdk: StripeClient) -> None:
    asked: Any = {"amount": 1000, "currency": "gbp"} | CARD
    options: Any = {"idempotency_key": "order-1"}
    first = await sdk.v1.payment_intents.create_async(asked, options)
    again = await sdk.v1.payment_intents.create_async(asked, options)
    assert first.id == again.id
    assert len((await sdk.v1.charges.list_async()).data) == 1
    with pytest.raises(stripe.IdempotencyError):
        await sdk.v1.payment_intents.create_async(asked | {"amount": 2000}, options)


async def test_retries_when_the_answer_was_lost_and_charges_once(
    sdk: StripeClient, control: httpx.AsyncClient
) -> None:
    fault = {"path": "/v1/payment_intents", "done": True, "drop": True}
    await control.post("/faults", json=fault)
    assert (await pay(sdk)).status == "succeeded"
    assert len((await sdk.v1.charges.list_async()).data) == 1


async def test_is_told_to_slow_down(sdk: StripeClient, control: httpx.AsyncClient) -> None:
    await control.post("/faults", json={"path": "/v1/*", "error": "rate_limit"})
    with pytest.raises(stripe.RateLimitError):
        await sdk.v1.customers.list_async()
    assert (await sdk.v1.customers.list_async()).data == []
