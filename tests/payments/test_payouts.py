"""Payouts as Stripe tells them, and what they are made of."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from payymo_api.core.clock import now
from payymo_api.core.types import public_id
from payymo_api.payments import tasks
from payymo_api.payments.models import StripeConnection
from payymo_api.payments.service import balance
from tests.payments.conftest import Shop

PAYOUTS = "/api/v1/stripe/payouts"
PARTS = "/api/v1/stripe/balance_transactions"


async def pay_out(shop: Shop, control: httpx.AsyncClient, **asked: object) -> dict[str, Any]:
    """Have all that the account has taken paid out, automatically."""
    body = {"currency": "gbp", "pending": True, **asked}
    made = await control.post("/stripe/payouts", json=body)
    return dict(made.raise_for_status().json())


async def fetch_parts(shop: Shop) -> None:
    """Run the jobs of what was announced, as a worker would."""
    for event in await shop.events("payout.listed"):
        await tasks.fetch_payout_parts(shop.database, shop.stripes, shop.tenant_id, event.payload)


async def read(shop: Shop, row: Any) -> dict[str, Any]:  # noqa: ANN401  a payout
    answer = await shop.client.get(f"{PAYOUTS}/{public_id('spo', row.id)}")
    return dict(answer.raise_for_status().json())


async def parts(shop: Shop, row: Any, **params: int | str) -> dict[str, Any]:  # noqa: ANN401  a payout
    path = f"{PAYOUTS}/{public_id('spo', row.id)}/balance_transactions"
    return dict((await shop.client.get(path, params=params)).raise_for_status().json())


async def test_a_payouts_parts_are_fetched_whole_and_add_up(
    shop: Shop, control: httpx.AsyncClient
) -> None:
    first, second = await shop.pay(1000), await shop.pay(4000)
    await shop.api.post("refunds", payment_intent=second.stripe_id, amount=500)
    await control.post("/stripe/fees", json={"amount": 150, "currency": "gbp"})
    made = await pay_out(shop, control, pay=True)
    row = await shop.fetch("payout", made["id"])
    assert (await read(shop, row))["reconciliation_status"] == "pending"

    for _ in range(2):
        await fetch_parts(shop)

    told = await read(shop, row)
    assert told["reconciliation_status"] == "complete"
    assert told["parts_net_minor"] == told["amount_minor"] == made["amount"]
    found = (await parts(shop, row))["data"]
    assert sum(each["net_minor"] for each in found) == made["amount"]
    by_type = sorted((each["type"], each["amount_minor"], each["payment_id"]) for each in found)
    assert by_type == [
        ("charge", 1000, public_id("sp", first.id)),
        ("charge", 4000, public_id("sp", second.id)),
        ("refund", -500, public_id("sp", second.id)),
        ("stripe_fee", -150, None),
    ]
    assert await shop.told("stripe_payout.") == ["stripe_payout.paid"]


async def test_more_parts_than_stripe_gives_at_once_are_read_page_by_page(
    shop: Shop, control: httpx.AsyncClient
) -> None:
    for _ in range(120):
        await control.post("/stripe/fees", json={"amount": 1, "currency": "gbp"})
    await shop.pay(5000)
    made = await pay_out(shop, control)
    row = await shop.fetch("payout", made["id"])

    await fetch_parts(shop)

    assert (await read(shop, row))["reconciliation_status"] == "complete"
    page = await parts(shop, row, limit=100)
    rest = await parts(shop, row, limit=100, cursor=page["next_cursor"])
    ids = {each["id"] for each in (*page["data"], *rest["data"])}
    assert (len(ids), rest["has_more"]) == (121, False)
    of_payout = {"payout_id": public_id("spo", row.id), "type": "charge"}
    charges = (await shop.client.get(PARTS, params=of_payout)).json()["data"]
    assert [each["amount_minor"] for each in charges] == [5000]


async def test_parts_that_do_not_add_up_are_flagged(shop: Shop, control: httpx.AsyncClient) -> None:
    await shop.pay(1000)
    made = await pay_out(shop, control)
    raw = await shop.account.retrieve("payout", made["id"])
    [row] = await shop.keep("payout", {**raw, "amount": raw["amount"] + 1})

    await fetch_parts(shop)

    told = await read(shop, row)
    assert told["reconciliation_status"] == "mismatch"
    assert told["amount_minor"] - told["parts_net_minor"] == 1
    flagged = await shop.client.get(PAYOUTS, params={"reconciliation_status": "mismatch"})
    assert [each["id"] for each in flagged.json()["data"]] == [told["id"]]


@pytest.mark.parametrize("method", ["standard", "instant"])
async def test_a_payout_by_hand_is_untraceable(shop: Shop, method: str) -> None:
    await shop.pay(5000, payment_method="pm_card_bypassPending")
    made = await shop.api.post("payouts", amount=500, currency="gbp", method=method)

    row = await shop.fetch("payout", made["id"])

    assert (await read(shop, row))["reconciliation_status"] == "untraceable"
    assert await shop.events("payout.listed") == []


async def test_a_payout_that_comes_back_is_a_part_of_the_one_that_pays_it_again(
    shop: Shop, control: httpx.AsyncClient
) -> None:
    await shop.pay(1000)
    first = await pay_out(shop, control, pay=True)
    failed = await shop.fetch("payout", first["id"])
    await fetch_parts(shop)
    failure = {"failure": "account_closed"}
    await control.post(f"/stripe/payouts/{first['id']}/resolve", json=failure)
    failed = await shop.fetch("payout", first["id"])
    again = await shop.fetch("payout", (await pay_out(shop, control))["id"])

    await fetch_parts(shop)

    assert (failed.status, failed.failure_code) == ("failed", "account_closed")
    assert (await read(shop, failed))["reconciliation_status"] == "complete"
    assert (await read(shop, again))["reconciliation_status"] == "complete"
    [back] = (await parts(shop, again))["data"]
    assert (back["type"], back["source"]) == ("payout_failure", first["id"])
    assert await shop.told("stripe_payout.") == ["stripe_payout.paid", "stripe_payout.failed"]


async def test_without_access_a_payout_waits_until_it_is_seen_again(
    shop: Shop, control: httpx.AsyncClient
) -> None:
    await shop.pay(1000)
    row = await shop.fetch("payout", (await pay_out(shop, control))["id"])
    await let(shop, "revoked")
    await fetch_parts(shop)
    assert (await read(shop, row))["reconciliation_status"] == "pending"

    await let(shop, "active")
    await shop.fetch("payout", row.stripe_id)
    await fetch_parts(shop)

    assert (await read(shop, row))["reconciliation_status"] == "complete"


async def let(shop: Shop, status: str) -> None:
    async with shop.database.scope(shop.tenant_id) as scope:
        await scope.session.execute(update(StripeConnection).values(status=status))


async def test_what_is_in_no_payout_is_kept_too(shop: Shop) -> None:
    """The movements of an account whose owner pays out by hand."""
    payment = await shop.pay(5000, payment_method="pm_card_bypassPending")
    await shop.api.post("payouts", amount=500, currency="gbp")
    earlier = now() - timedelta(hours=1)

    for _ in range(2):
        await balance.fetch_since(shop.database, shop.account, shop.connection, earlier)

    found = (await shop.client.get(PARTS)).json()["data"]
    assert {(each["type"], each["amount_minor"], each["payment_id"]) for each in found} == {
        ("charge", 5000, public_id("sp", payment.id)),
        ("payout", -500, None),
    }
    assert [each["payout_id"] for each in found] == [None, None]


async def test_payouts_are_found_by_what_they_say(shop: Shop, control: httpx.AsyncClient) -> None:
    await shop.pay(1000)
    row = await shop.fetch("payout", (await pay_out(shop, control))["id"])
    day = row.arrival_on.isoformat()

    for params, count in (
        ({"status": "pending", "currency": "GBP", "matched": "false"}, 1),
        ({"arrival_from": day, "arrival_to": day}, 1),
        ({"matched": "true"}, 0),
        ({"currency": "EUR"}, 0),
    ):
        found = (await shop.client.get(PAYOUTS, params=params)).json()["data"]
        assert len(found) == count, params


async def test_only_what_a_bank_line_may_say_makes_lines_look_again(
    shop: Shop, control: httpx.AsyncClient
) -> None:
    await shop.pay(1000)
    made = await pay_out(shop, control)
    for _ in range(2):
        await shop.fetch("payout", made["id"])
    await shop.api.post(f"payouts/{made['id']}", metadata={"batch": "7"})
    await shop.fetch("payout", made["id"])
    assert len(await shop.events("payouts.changed")) == 1

    await control.post(f"/stripe/payouts/{made['id']}/resolve", json={})
    row = await shop.fetch("payout", made["id"])

    assert (row.status, row.trace_id) == ("paid", row.raw["trace_id"]["value"])
    assert len(await shop.events("payouts.changed")) == 2
