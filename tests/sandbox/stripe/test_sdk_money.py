"""The official Python SDK, asynchronous and unchanged: payouts, pages, retries."""

from typing import Any, Literal

import httpx
import pytest
import stripe
from stripe import StripeClient

from tests.sandbox.stripe.steps import CARD, pay


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
