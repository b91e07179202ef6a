"""kill -9 while payments are taken: each is charged exactly once, and we know what Stripe knows."""

import asyncio
import os
import random
from collections import Counter
from typing import Any

import httpx
import pytest
from sqlalchemy import select, text

from payymo_api.payments.models import StripePayment, StripeRefund
from tests.fault.kills import killing
from tests.fault.say import sum_up
from tests.fault.shoppers import Order, shoppers
from tests.fault.stage import Player, Stage

PAYMENTS = int(os.environ.get("PAYYMO_FAULT_PAYMENTS", "2000"))
_PAUSES = (0.3, 4.0)
_VICTIMS = ("api", "api", "worker-sync", "worker-webhook")
_LONGEST = 3600.0  # seconds

pytestmark = pytest.mark.fault


async def test_every_payment_is_charged_exactly_once(stage: Stage, chance: random.Random) -> None:
    player = await stage.player()
    orders = [Order(number) for number in range(PAYMENTS)]
    async with shoppers(stage, player) as clients, asyncio.timeout(_LONGEST):
        with killing(stage.stack, chance, _PAUSES, _VICTIMS) as killed:
            async with asyncio.TaskGroup() as group:
                for order in orders:
                    group.create_task(clients.buy(order))
    answers = {f"answers {status}": number for status, number in sorted(clients.asked.items())}
    sum_up("payments", Counter({"orders": len(orders)}) | killed | answers)
    charged_once(stage, orders)
    await _states_are_stripes(stage, player)
    await _news_is_told_once(stage, player, orders)
    assert killed["api"] >= PAYMENTS // 200


def at_stripe(stage: Stage, kind: str) -> list[dict[str, Any]]:
    url = f"{stage.stack.sandbox_url}/sandbox/stripe/objects/{kind}"
    found = httpx.get(url, trust_env=False, timeout=60).raise_for_status().json()
    return list(found)


def charged_once(stage: Stage, orders: list[Order]) -> None:
    """One PaymentIntent for each order, with one charge and what was wished, and no more."""
    intents = {int(each["metadata"]["order"]): each for each in at_stripe(stage, "payment_intent")}
    charges = Counter(each["payment_intent"] for each in at_stripe(stage, "charge"))
    refunds = Counter(each["payment_intent"] for each in at_stripe(stage, "refund"))
    assert len(at_stripe(stage, "payment_intent")) == len(intents) == len(orders)
    for order in orders:
        intent = intents[order.number]
        assert intent["amount"] == order.minor
        assert intent["status"] == _STATUS[order.wish], intent
        assert charges[intent["id"]] == (0 if order.wish == "secure" else 1)
        assert refunds[intent["id"]] == (1 if order.wish == "refund" else 0)
        received = {"pay": order.minor, "refund": order.minor, "capture": order.minor // 2}
        assert intent["amount_received"] == received.get(order.wish, 0)


_STATUS = {
    "pay": "succeeded",
    "refund": "succeeded",
    "capture": "succeeded",
    "cancel": "canceled",
    "decline": "requires_payment_method",
    "secure": "requires_action",
}


async def _states_are_stripes(stage: Stage, player: Player) -> None:
    async with stage.database.scope(player.tenant_id) as scope:
        payments = (await scope.session.scalars(select(StripePayment))).all()
        refunds = (await scope.session.scalars(select(StripeRefund))).all()
    charges = {each["payment_intent"]: each for each in at_stripe(stage, "charge")}
    assert {
        (each.stripe_id, each.status, each.amount_received_minor, each.amount_refunded_minor)
        for each in payments
    } == {
        (
            each["id"],
            each["status"],
            each["amount_received"],
            _given_back(charges.get(each["id"])),
        )
        for each in at_stripe(stage, "payment_intent")
    }
    assert {(each.stripe_id, each.status, each.amount_minor) for each in refunds} == {
        (each["id"], each["status"], each["amount"]) for each in at_stripe(stage, "refund")
    }


def _given_back(charge: dict[str, Any] | None) -> int:
    """What was only authorised counts as refunded at Stripe when it is let go."""
    return charge["amount_refunded"] if charge and charge["captured"] else 0


async def _news_is_told_once(stage: Stage, player: Player, orders: list[Order]) -> None:
    async with stage.database.scope(player.tenant_id) as scope:
        rows = await scope.session.execute(
            text(
                "SELECT name, data::jsonb ->> 'id' FROM outbox_events"
                " WHERE name LIKE 'stripe\\_payment.%'"
            )
        )
    told = Counter((row[0], row[1]) for row in rows)
    wishes = Counter(order.wish for order in orders)
    assert set(told.values()) == {1}
    assert Counter(name for name, _ in told) == {
        "stripe_payment.succeeded": wishes["pay"] + wishes["refund"] + wishes["capture"],
        "stripe_payment.refunded": wishes["refund"],
        "stripe_payment.failed": wishes["decline"],
        "stripe_payment.requires_action": wishes["secure"],
    }
