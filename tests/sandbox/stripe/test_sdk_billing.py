"""The official Python SDK, asynchronous and unchanged: subscriptions and invoices."""

import httpx
import pytest
import stripe
from stripe import StripeClient

from tests.sandbox.stripe.steps import customer_with_card, monthly


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
