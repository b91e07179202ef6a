"""One door for Stripe's objects: what was asked for later wins, and news is told once."""

import asyncio
from datetime import timedelta
from functools import partial
from typing import Any

import orjson
import pytest
from sqlalchemy import func, select

from payymo_api.payments.errors import OtherMode
from payymo_api.payments.models import StripePayment
from payymo_api.payments.repository.mirror import MirrorRepository
from payymo_api.payments.service import mirror
from tests.payments.conftest import RETURN_URL, Shop

INTENT = "payment_intent"


async def test_a_payment_is_kept_as_stripe_tells_it(shop: Shop) -> None:
    row = await shop.pay(1234, currency="gbp", description="Tea")

    assert (row.status, row.amount_minor, row.currency) == ("succeeded", 1234, "GBP")
    assert (row.amount_received_minor, row.amount_refunded_minor) == (1234, 0)
    assert (row.payment_method_type, row.payment_method_last4) == ("card", "4242")
    assert await shop.told() == ["stripe_payment.succeeded"]


async def test_secrets_are_not_stored(shop: Shop) -> None:
    row = await shop.pay(payment_method="pm_card_threeDSecure2Required")

    assert row.next_action == "redirect_to_url"
    stored = orjson.dumps(row.raw).decode()
    assert "_secret_" not in stored
    assert "next_action" not in stored


async def test_an_older_answer_loses(shop: Shop) -> None:
    made = await shop.api.pay(capture_method="manual")
    earlier = await mirror.asked_at(shop.database, shop.tenant_id)
    before = await shop.account.retrieve(INTENT, made["id"])
    await shop.api.post(f"payment_intents/{made['id']}/capture")
    await shop.fetch(INTENT, made["id"])

    [row] = await shop.keep(INTENT, before, asked_at=earlier)

    assert row.status == "succeeded"
    assert await shop.told() == ["stripe_payment.succeeded"]


async def test_what_has_ended_does_not_go_on(shop: Shop) -> None:
    """A question asked while our own capture was under way, answered before it took effect."""
    made = await shop.api.pay(capture_method="manual")
    before = await shop.account.retrieve(INTENT, made["id"])
    await shop.api.post(f"payment_intents/{made['id']}/capture")
    await shop.fetch(INTENT, made["id"])

    [row] = await shop.keep(INTENT, before)

    assert row.status == "succeeded"


async def test_the_same_twice_is_told_once_and_changes_nothing(shop: Shop) -> None:
    first = await shop.pay()
    again = await shop.fetch(INTENT, first.stripe_id)

    assert (again.id, again.updated_at) == (first.id, first.updated_at)
    assert again.asked_at > first.asked_at
    assert await shop.told() == ["stripe_payment.succeeded"]


async def test_each_change_is_told(shop: Shop) -> None:
    row = await shop.decline()
    assert (row.failure_code, row.decline_code) == ("card_declined", "generic_decline")
    path = f"payment_intents/{row.stripe_id}/confirm"
    await shop.api.post(path, payment_method="pm_card_visa", return_url=RETURN_URL)
    await shop.fetch(INTENT, row.stripe_id)
    for amount in (300, 200):
        await shop.api.post("refunds", payment_intent=row.stripe_id, amount=amount)
        row = await shop.fetch(INTENT, row.stripe_id)

    assert row.amount_refunded_minor == 500
    assert await shop.told() == [
        "stripe_payment.failed",
        "stripe_payment.succeeded",
        "stripe_payment.refunded",
        "stripe_payment.refunded",
    ]


async def test_an_event_shows_the_payment(shop: Shop) -> None:
    row = await shop.pay(1000)
    [event] = await shop.events("stripe_payment.")

    assert event.data
    data = orjson.loads(event.data)
    assert data["id"].startswith("sp_")
    assert data["stripe_id"] == row.stripe_id
    assert (data["amount"], data["amount_minor"], data["currency"]) == (10.0, 1000, "GBP")


async def test_many_at_once_end_in_one_row_and_one_event(shop: Shop) -> None:
    made = [await shop.api.pay() for _ in range(3)]
    raws = [await shop.account.retrieve(INTENT, each["id"]) for each in made]

    orders = [raws, raws[::-1], raws[1:] + raws[:1]] * 3
    await asyncio.gather(*(shop.keep(INTENT, *order) for order in orders))

    async with shop.database.scope(shop.tenant_id) as scope:
        count = await scope.session.scalar(select(func.count()).select_from(StripePayment))
    assert count == 3
    assert await shop.told() == ["stripe_payment.succeeded"] * 3


async def test_rows_come_back_in_the_order_given(shop: Shop) -> None:
    made = [await shop.api.pay() for _ in range(3)]
    raws = [await shop.account.retrieve(INTENT, each["id"]) for each in made]

    kept = await shop.keep(INTENT, *raws[::-1], raws[0])

    assert [row.stripe_id for row in kept] == [raw["id"] for raw in [*raws[::-1], raws[0]]]


async def test_history_is_kept_in_silence_but_for_the_event_at_hand(shop: Shop) -> None:
    old, older = [await shop.api.pay() for _ in range(2)]
    shop.connection.activated_at = shop.connection.created_at + timedelta(days=1)

    await shop.fetch(INTENT, old["id"])
    raw = await shop.account.retrieve(INTENT, older["id"])
    await shop.keep(INTENT, raw, announce={"stripe_payment.succeeded"})

    assert await shop.told() == ["stripe_payment.succeeded"]


async def test_an_object_of_the_other_mode_is_refused(shop: Shop) -> None:
    raw = await shop.account.retrieve(INTENT, (await shop.api.pay())["id"])

    with pytest.raises(OtherMode):
        await shop.keep(INTENT, {**raw, "livemode": True})

    assert await shop.told() == []


async def test_money_that_moves_for_an_invoice_is_followed(shop: Shop, invoice: str) -> None:
    row = await shop.pay(metadata={"payymo_invoice_id": invoice})
    await shop.fetch(INTENT, row.stripe_id)
    await shop.api.post("refunds", payment_intent=row.stripe_id, amount=300)
    await shop.fetch(INTENT, row.stripe_id)

    moved = await shop.events("stripe_payments.moved")
    assert [event.payload["payment_ids"] for event in moved] == [[str(row.id)]] * 2


@pytest.fixture
async def invoice(shop: Shop) -> str:
    body = {"number": "INV-7", "issued_on": "2026-03-01", "amount": "10.00", "currency": "GBP"}
    made: dict[str, Any] = (await shop.client.post("/api/v1/invoices", json=body)).json()
    return str(made["id"])


@pytest.mark.parametrize("named", ["", "INV-7", "inv_x", "cust_06ghq1m2dpuh5c9s2rcmo3g8d4"])
async def test_metadata_that_names_no_invoice_is_harmless(shop: Shop, named: str) -> None:
    row = await shop.pay(metadata={"payymo_invoice_id": named, "x": "\x00"})

    assert row.invoice_id is None


async def test_what_stripe_has_no_more_leaves_the_lists(shop: Shop) -> None:
    row = await shop.pay()
    repository_of = partial(MirrorRepository, model=StripePayment)
    earlier = await mirror.asked_at(shop.database, shop.tenant_id)
    raw = await shop.account.retrieve(INTENT, row.stripe_id)
    later = await mirror.asked_at(shop.database, shop.tenant_id)

    async with shop.database.scope(shop.tenant_id) as scope:
        await mirror.remove(scope, shop.connection, INTENT, row.stripe_id, later)
    await shop.keep(INTENT, raw, asked_at=earlier)

    async with shop.database.scope(shop.tenant_id) as scope:
        repository = repository_of(scope)
        assert await repository.find(row.id) is None
        asked = await repository.asked_at(shop.connection.id, [row.stripe_id, "pi_unknown"])
        assert asked == {row.stripe_id: later}


async def test_what_is_seen_again_is_there_again(shop: Shop) -> None:
    row = await shop.pay()
    moment = await mirror.asked_at(shop.database, shop.tenant_id)
    async with shop.database.scope(shop.tenant_id) as scope:
        await mirror.remove(scope, shop.connection, INTENT, row.stripe_id, moment)
        await mirror.remove(scope, shop.connection, INTENT, "pi_unknown", moment)

    again = await shop.fetch(INTENT, row.stripe_id)

    assert (again.id, again.removed_at) == (row.id, None)


async def test_money_that_is_none_of_iso_4217_is_left_out(shop: Shop) -> None:
    """A stablecoin must not stop the others of its page, nor its event come back for ever."""
    made = [await shop.api.pay() for _ in range(2)]
    raws = [await shop.account.retrieve(INTENT, each["id"]) for each in made]
    raws[0] = {**raws[0], "currency": "usdc"}

    rows = await shop.keep(INTENT, *raws)

    assert [row.stripe_id for row in rows] == [made[1]["id"]]
    assert await shop.keep(INTENT, raws[0]) == []


async def test_what_stripe_may_leave_out_is_missed_by_nobody(shop: Shop) -> None:
    paid = await shop.pay()
    made = await shop.api.post("refunds", payment_intent=paid.stripe_id)
    refund = {**await shop.account.retrieve("refund", made["id"]), "status": None}
    optional = {"name", "phone", "metadata", "balance", "invoice_settings", "currency"}
    told = await shop.account.retrieve("customer", (await shop.api.post("customers"))["id"])
    customer = {name: value for name, value in told.items() if name not in optional}

    [first] = await shop.keep("refund", refund)
    [second] = await shop.keep("customer", customer)

    assert (await shop.client.get("/api/v1/stripe/customers")).status_code == 200
    assert first.status == "pending"
    assert (second.name, second.balance_minor, second.metadata_) == (None, 0, {})


async def test_a_word_that_stripe_adds_breaks_no_list(shop: Shop) -> None:
    paid = await shop.pay()
    made = await shop.api.post("refunds", payment_intent=paid.stripe_id)
    refund = {**await shop.account.retrieve("refund", made["id"]), "status": "queued"}
    unpaid = await shop.api.post("payment_intents", amount=900, currency="gbp")
    intent = {**await shop.account.retrieve(INTENT, unpaid["id"]), "status": "requires_witness"}

    await shop.keep("refund", refund)
    await shop.keep(INTENT, intent)

    refunds = (await shop.client.get("/api/v1/stripe/refunds")).json()["data"]
    payments = (await shop.client.get("/api/v1/stripe/payments")).json()["data"]
    assert [each["status"] for each in refunds] == ["queued"]
    assert {each["status"] for each in payments} == {"succeeded", "requires_witness"}
