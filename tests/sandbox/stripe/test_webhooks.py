"""Webhooks as Stripe sends them: signed, retried; and as a tester breaks them."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import stripe
from aiohttp import web

from tests.sandbox.stripe.conftest import Api


@dataclass
class Receiver:
    """An endpoint; `failing` answers are 500 before it gives in."""

    url: str = ""
    failing: int = 0
    heard: list[tuple[bytes, str]] = field(default_factory=list)

    async def hear(self, request: web.Request) -> web.Response:
        self.heard.append((await request.read(), request.headers["Stripe-Signature"]))
        self.failing -= 1
        return web.Response(status=200 if self.failing < 0 else 500)

    def types(self) -> list[str]:
        return [event["type"] for event in self.events()]

    def events(self, secret: str | None = None) -> list[Any]:
        """What was heard, its signature verified by the SDK where a secret is given."""
        return [
            stripe.Webhook.construct_event(body, sign, secret)
            if secret
            else stripe.Event.construct_from(_json(body), None)
            for body, sign in self.heard
        ]


def _json(body: bytes) -> Any:  # noqa: ANN401  any JSON
    return httpx.Response(200, content=body).json()


@pytest.fixture
async def receiver(control: httpx.AsyncClient) -> AsyncIterator[Receiver]:
    receiver, app = Receiver(), web.Application()
    app.router.add_post("/", receiver.hear)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    yield receiver
    await runner.cleanup()


async def settled(control: httpx.AsyncClient) -> None:
    """Wait until nothing is on its way."""
    for _ in range(1000):
        if (await control.get("/stripe/delivery")).json()["idle"]:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the courier does not come to rest")


async def register(api: Api, receiver: Receiver, *types: str, **values: object) -> dict[str, Any]:
    asked = {"url": receiver.url, "enabled_events": list(types) or ["*"]}
    return await api.post("webhook_endpoints", **(asked | values))


async def test_sends_what_was_asked_for_signed(
    api: Api, control: httpx.AsyncClient, receiver: Receiver
) -> None:
    made = await register(api, receiver, "payment_intent.succeeded", "charge.updated")
    intent = await api.pay(metadata={"order": "7"})
    await settled(control)
    events = receiver.events(made["secret"])
    assert sorted(event.type for event in events) == ["charge.updated", "payment_intent.succeeded"]
    [succeeded] = [event for event in events if event.type.startswith("payment_intent")]
    assert succeeded.data.object.id == intent["id"]
    assert (await api.get(f"events/{succeeded.id}"))["data"]["object"]["metadata"] == {"order": "7"}
    [changed] = [event for event in events if event.type == "charge.updated"]
    assert changed.data.previous_attributes.to_dict() == {"balance_transaction": None}


async def test_an_endpoint_that_ends_hears_nothing_more(
    api: Api, control: httpx.AsyncClient, receiver: Receiver
) -> None:
    made = await register(api, receiver)
    assert "secret" not in await api.get(f"webhook_endpoints/{made['id']}")
    await api.post(f"webhook_endpoints/{made['id']}", disabled=True)
    await api.post("customers")
    await api.delete(f"webhook_endpoints/{made['id']}")
    await api.post("customers")
    await settled(control)
    assert receiver.heard == []


async def test_tries_again_until_it_is_taken(
    api: Api, control: httpx.AsyncClient, receiver: Receiver
) -> None:
    await control.put("/stripe/delivery", json={"retry_seconds": [0.01, 0.01, 0.01]})
    await register(api, receiver, "customer.created")
    receiver.failing = 2
    await api.post("customers")
    await settled(control)
    assert len({body for body, _ in receiver.heard}) == 1
    log = (await control.get("/stripe/deliveries")).json()
    assert [(row["attempt"], row["status"]) for row in log] == [(1, 500), (2, 500), (3, 200)]


async def test_gives_up_after_the_last_try(
    api: Api, control: httpx.AsyncClient, receiver: Receiver
) -> None:
    await control.put("/stripe/delivery", json={"retry_seconds": [0.01, 0.01, 0.01]})
    await register(api, receiver, "customer.created")
    receiver.failing = 100
    await api.post("customers")
    await settled(control)
    assert len(receiver.heard) == 4


async def test_holds_shuffles_doubles_and_drops_on_demand(
    api: Api, control: httpx.AsyncClient, receiver: Receiver
) -> None:
    await register(api, receiver, "customer.created")
    manners = {"hold": True, "shuffle": True, "duplicate": 1.0, "drop": 0.2}
    await control.put("/stripe/delivery", json=manners)
    made = [(await api.post("customers"))["id"] for _ in range(60)]
    assert receiver.heard == []
    await control.put("/stripe/delivery", json={"hold": False})
    await settled(control)
    heard = [event.data.object.id for event in receiver.events()]
    assert set(Counter(heard).values()) == {2}
    assert 0 < len(set(heard)) < len(made)
    assert heard != sorted(heard, key=made.index)
    log = (await control.get("/stripe/deliveries")).json()
    dropped = sum(row["status"] == "dropped" for row in log)
    assert len(set(heard)) + dropped == len(made)


async def test_signs_with_both_secrets_during_a_roll(
    api: Api, control: httpx.AsyncClient, receiver: Receiver
) -> None:
    made = await register(api, receiver, "customer.created")
    path = f"/stripe/webhook_endpoints/{made['id']}/roll"
    rolled = (await control.post(path, json={"keep_seconds": 60})).json()
    await api.post("customers")
    await settled(control)
    for secret in (made["secret"], rolled["secret"]):
        assert receiver.events(secret)
    await control.post(path, json={"keep_seconds": 0})
    await api.post("customers")
    await settled(control)
    with pytest.raises(stripe.SignatureVerificationError):
        receiver.events(made["secret"])


async def test_events_of_connected_accounts_name_the_account(
    api: Api, control: httpx.AsyncClient, receiver: Receiver
) -> None:
    await register(api, receiver, "customer.created", connect=True)
    account = (await api.post("accounts"))["id"]
    await api.post("customers")
    await api.send("POST", "customers", {"Stripe-Account": account})
    await settled(control)
    assert [event.account for event in receiver.events()] == [account]


async def test_an_accounts_own_endpoint_hears_its_events_only(
    api: Api, control: httpx.AsyncClient, receiver: Receiver
) -> None:
    account = (await api.post("accounts"))["id"]
    acting = {"Stripe-Account": account}
    hook = {"url": receiver.url, "enabled_events": ["customer.created"]}
    (await api.send("POST", "webhook_endpoints", acting, **hook)).raise_for_status()
    await api.post("customers")
    await api.send("POST", "customers", acting)
    await settled(control)
    [event] = receiver.events()
    assert "account" not in event.to_dict()


async def test_lists_events_by_type_since_the_last_one_seen(api: Api) -> None:
    await api.pay()
    [last, *_] = (await api.get("events", limit=1))["data"]
    await api.pay()
    wanted = ["charge.succeeded", "payment_intent.succeeded"]
    since = await api.get("events", types=wanted, ending_before=last["id"])
    assert [row["type"] for row in since["data"]] == wanted[::-1]
    newer = await api.get("events", ending_before=last["id"], limit=100)
    assert [row["type"] for row in newer["data"]] == [
        "charge.updated",
        "payment_intent.succeeded",
        "charge.succeeded",
        "payment_intent.created",
    ]
    assert newer["data"][0]["request"]["id"].startswith("req_")


async def test_any_event_is_fired_on_demand(api: Api, control: httpx.AsyncClient) -> None:
    for type in ("charge.dispute.closed", "payout.failed", "topup.created"):
        told = await control.post("/stripe/trigger", json={"event": type})
        assert told.json()["type"] == type
        assert (await api.get("events", type=type))["data"][0] == told.json()
    refused = await control.post("/stripe/trigger", json={"event": "nothing.happened"})
    assert refused.status_code == 400
