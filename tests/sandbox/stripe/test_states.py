"""What time, banks and payers do to the objects, and what their states refuse."""

from typing import Any

import httpx
import pytest

from tests.sandbox.stripe.conftest import Api

DAY = 86_400
DEBITS: dict[str, dict[str, object]] = {
    "bacs_debit": {"account_number": "00012345", "sort_code": "108800"},
    "us_bank_account": {"account_number": "000123456789", "routing_number": "110000000"},
}


async def pass_days(control: httpx.AsyncClient, days: float) -> None:
    await control.put("/clock", json={"advance_seconds": days * DAY})


async def subscribe(api: Api, card: str = "pm_card_visa", **values: object) -> dict[str, Any]:
    """A subscription of 9.00 a month by a customer with a card."""
    customer = (await api.post("customers"))["id"]
    method = (await api.post(f"payment_methods/{card}/attach", customer=customer))["id"]
    settings = {"default_payment_method": method}
    await api.post(f"customers/{customer}", invoice_settings=settings)
    price = await api.post(
        "prices",
        currency="gbp",
        unit_amount=900,
        recurring={"interval": "month"},
        product_data={"name": "Hosting"},
    )
    items = [{"price": price["id"]}]
    return await api.post("subscriptions", customer=customer, items=items, **values)


async def statuses(api: Api, subscription: str) -> list[tuple[str, str, int]]:
    """Its invoices, newest first."""
    found = await api.get("invoices", subscription=subscription)
    return [(row["billing_reason"], row["status"], row["total"]) for row in found["data"]]


async def test_a_trial_is_billed_when_it_ends(api: Api, control: httpx.AsyncClient) -> None:
    made = await subscribe(api, trial_period_days=7)
    assert made["status"] == "trialing"
    await pass_days(control, 7.1)
    assert (await api.get(f"subscriptions/{made['id']}"))["status"] == "active"
    first = ("subscription_create", "paid", 0)
    assert await statuses(api, made["id"]) == [("subscription_cycle", "paid", 900), first]


async def test_a_trial_that_is_ended_is_billed_at_once(api: Api) -> None:
    made = await subscribe(api, trial_period_days=7)
    ended = await api.post(f"subscriptions/{made['id']}", trial_end="now")
    assert ended["status"] == "active"
    assert (await statuses(api, made["id"]))[0] == ("subscription_update", "paid", 900)


async def test_a_new_anchor_credits_the_rest_and_bills_anew(
    api: Api, control: httpx.AsyncClient
) -> None:
    await control.put("/clock", json={"at": "2027-04-01T00:00:00Z"})
    made = await subscribe(api)
    await control.put("/clock", json={"at": "2027-04-16T00:00:00Z"})
    await api.post(f"subscriptions/{made['id']}", billing_cycle_anchor="now")
    assert (await statuses(api, made["id"]))[0] == ("subscription_update", "paid", 450)


async def test_sends_invoices_where_nothing_is_charged(
    api: Api, control: httpx.AsyncClient
) -> None:
    made = await subscribe(api, collection_method="send_invoice", days_until_due=14)
    assert made["status"] == "active"
    await pass_days(control, 1)
    assert (await statuses(api, made["id"])) == [("subscription_create", "open", 900)]
    assert (await api.get("events", type="invoice.sent"))["data"]
    await pass_days(control, 14)
    assert (await api.get("events", type="invoice.overdue"))["data"]


async def test_an_unpaid_first_invoice_ends_what_it_began(
    api: Api, control: httpx.AsyncClient
) -> None:
    made = await subscribe(api, "pm_card_chargeCustomerFail")
    assert made["status"] == "incomplete"
    await pass_days(control, 1)
    assert (await api.get(f"subscriptions/{made['id']}"))["status"] == "incomplete_expired"
    assert (await statuses(api, made["id"]))[0][1] == "void"


async def test_no_subscription_remains_where_an_error_is_asked_for(api: Api) -> None:
    with pytest.raises(httpx.HTTPStatusError, match="402"):
        await subscribe(api, "pm_card_chargeCustomerFail", payment_behavior="error_if_incomplete")
    assert (await api.get("subscriptions", status="all"))["data"] == []


@pytest.mark.parametrize(
    ("behavior", "status"),
    [("keep_as_draft", "draft"), ("mark_uncollectible", "uncollectible"), ("void", "void")],
)
async def test_a_pause_decides_what_becomes_of_invoices(
    api: Api, control: httpx.AsyncClient, behavior: str, status: str
) -> None:
    made = await subscribe(api)
    now = made["created"]
    pause = {"behavior": behavior, "resumes_at": now + 40 * DAY}
    await api.post(f"subscriptions/{made['id']}", pause_collection=pause)
    await pass_days(control, 32)
    assert (await statuses(api, made["id"]))[0] == ("subscription_cycle", status, 900)
    await pass_days(control, 32)
    assert (await api.get(f"subscriptions/{made['id']}"))["pause_collection"] is None
    assert (await statuses(api, made["id"]))[0] == ("subscription_cycle", "paid", 900)


async def test_a_cancellation_may_credit_the_rest(api: Api, control: httpx.AsyncClient) -> None:
    await control.put("/clock", json={"at": "2027-04-01T00:00:00Z"})
    made = await subscribe(api)
    await control.put("/clock", json={"at": "2027-04-16T00:00:00Z"})
    await api.delete(f"subscriptions/{made['id']}", prorate=True, invoice_now=True)
    assert (await statuses(api, made["id"]))[0] == ("subscription_update", "paid", -450)
    assert (await api.get(f"customers/{made['customer']}"))["balance"] == -450


async def test_a_draft_that_advances_is_finalised_and_collected_in_an_hour(
    api: Api, control: httpx.AsyncClient
) -> None:
    customer = (await subscribe(api))["customer"]
    draft = await api.post("invoices", customer=customer, auto_advance=True)
    asked = {"customer": customer, "invoice": draft["id"]}
    await api.post("invoiceitems", **asked, unit_amount_decimal=250, quantity=3)
    await control.put("/clock", json={"advance_seconds": 3601})
    told = await api.get(f"invoices/{draft['id']}")
    assert (told["status"], told["amount_paid"]) == ("paid", 750)


async def test_an_invoice_carries_ten_of_its_lines(api: Api) -> None:
    customer = (await api.post("customers"))["id"]
    draft = await api.post("invoices", customer=customer)
    rows = [{"amount": amount, "description": f"{amount}"} for amount in range(1, 13)]
    told = await api.post(f"invoices/{draft['id']}/add_lines", lines=rows)
    assert (len(told["lines"]["data"]), told["lines"]["has_more"], told["total"]) == (10, True, 78)
    whole = await api.get(f"invoices/{draft['id']}/lines", limit=100)
    assert [line["amount"] for line in whole["data"]] == list(range(1, 13))


@pytest.mark.parametrize(("type", "currency"), [("bacs_debit", "gbp"), ("us_bank_account", "usd")])
async def test_other_debits_stay_processing_too(
    api: Api, control: httpx.AsyncClient, type: str, currency: str
) -> None:
    data = {"type": type, type: DEBITS[type]}
    made = await api.pay(payment_method=None, payment_method_data=data, currency=currency)
    assert made["status"] == "processing"
    await control.post(f"/stripe/payment_intents/{made['id']}/resolve")
    refund = await api.post("refunds", payment_intent=made["id"])
    assert refund["status"] == "pending"
    await control.post(f"/stripe/refunds/{refund['id']}/resolve")
    assert (await api.get(f"refunds/{refund['id']}"))["status"] == "succeeded"


async def test_a_tester_opens_and_decides_a_dispute(api: Api, control: httpx.AsyncClient) -> None:
    paid = await api.pay()
    asked = {"charge": paid["latest_charge"], "reason": "duplicate", "amount": 400}
    made = (await control.post("/stripe/disputes", json=asked)).json()
    charge = await api.get(f"charges/{paid['latest_charge']}")
    assert (made["amount"], charge["disputed"]) == (400, True)
    path = f"/stripe/disputes/{made['id']}/close"
    assert (await control.post(path, json={"status": "won"})).json()["status"] == "won"
    rows = (await api.get(f"disputes/{made['id']}"))["balance_transactions"]
    assert [row["net"] for row in rows] == [-2400, 400]


async def test_a_dispute_that_nobody_answers_is_lost(api: Api, control: httpx.AsyncClient) -> None:
    await api.pay(payment_method="pm_card_createDispute")
    await pass_days(control, 10)
    [told] = (await api.get("disputes"))["data"]
    assert (told["status"], told["evidence_details"]["past_due"]) == ("lost", True)


async def test_setting_up_for_later_keeps_the_method(api: Api) -> None:
    customer = (await api.post("customers"))["id"]
    made = await api.pay(customer=customer, setup_future_usage="off_session")
    [kept] = (await api.get("payment_methods", customer=customer))["data"]
    assert kept["id"] == made["payment_method"]


@pytest.mark.parametrize("action", ["confirm", "capture", "cancel"])
async def test_a_finished_payment_refuses(api: Api, action: str) -> None:
    answer = await api.send("POST", f"payment_intents/{(await api.pay())['id']}/{action}")
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "payment_intent_unexpected_state")
    assert error["payment_intent"]["status"] == "succeeded"


async def test_a_finished_invoice_refuses(api: Api) -> None:
    customer = (await api.post("customers"))["id"]
    made = await api.post("invoices", customer=customer)
    path = f"invoices/{made['id']}"
    empty = await api.send("POST", f"{path}/finalize")
    assert empty.json()["error"]["code"] == "invoice_no_customer_line_items"
    await api.post("invoiceitems", customer=customer, invoice=made["id"], amount=500)
    await api.post(f"{path}/finalize")
    await api.post(f"{path}/void")
    for action in ("finalize", "pay", "void", "mark_uncollectible", "send"):
        assert (await api.send("POST", f"{path}/{action}")).status_code == 400
    assert (await api.send("DELETE", path)).status_code == 400
    late = await api.send("POST", "invoiceitems", customer=customer, invoice=made["id"], amount=1)
    assert late.json()["error"]["code"] == "invoice_not_editable"
