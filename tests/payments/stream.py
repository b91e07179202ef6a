"""All of Stripe's events, shuffled, doubled and some lost; and whether anything is amiss then."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import httpx
import orjson
import pytest
from fastapi import FastAPI

from payymo_api.core.types import public_id
from payymo_api.payments import tasks
from payymo_api.payments.events import PayoutListed, StripeCatchUpDue, StripeConnected
from payymo_api.payments.repository.mirror import MirrorRepository
from payymo_api.payments.rules.raw import without_secrets
from payymo_api.payments.service.intake import Intake
from payymo_api.payments.service.kinds import KINDS
from payymo_api.sandbox.stripe.event_types import EVENT_TYPES
from tests.payments.conftest import Shop
from tests.payments.deliveries import served
from tests.payments.workers import follow_all, messages, payloads

UNTOLD = {"balance_transaction"}
"""Kinds that no event tells of: they come in with their payouts, those that were paid out."""
TOLD = KINDS.keys() - UNTOLD
ROUNDS = 4
"""What was told is dealt with before more happens, so often."""
MANNERS = {"hold": True, "shuffle": True, "duplicate": 1.0, "drop": 0.05, "at_once": 8}


@dataclass(frozen=True, slots=True)
class Stream:
    """A connection whose events come as Stripe's delivery would at its worst."""

    shop: Shop
    control: httpx.AsyncClient

    async def objects(self, kind: str) -> dict[str, Any]:
        answer = await self.control.get(f"/stripe/objects/{kind}")
        return {each["id"]: each for each in answer.json()}

    async def count(self) -> int:
        return sum([len(await self.objects(kind)) for kind in TOLD])

    async def happen(self, types: Sequence[str], least: int) -> None:
        """Let each type of event happen, and again, until there are so many objects."""
        while True:
            for type in types:
                answer = await self.control.post("/stripe/trigger", json={"event": type})
                assert answer.status_code == 201, answer.text
            if await self.count() >= least:
                return

    async def deliver(self) -> None:
        """Send what was held; the worker works meanwhile."""
        await self.control.put("/stripe/delivery", json={"hold": False})
        while not (await self.control.get("/stripe/delivery")).json()["idle"]:
            await self.follow()
        await self.follow()
        await self.control.put("/stripe/delivery", json={"hold": True})

    async def follow(self) -> None:
        await follow_all(self.shop.database, self.shop.stripes, self.shop.tenant_id)

    async def catch_up(self) -> None:
        id = public_id("scon", self.shop.connection.id)
        (await self.shop.client.post(f"/api/v1/stripe/connections/{id}/sync")).raise_for_status()
        due = await payloads(self.shop.database, self.shop.tenant_id, StripeCatchUpDue.name)
        await tasks.catch_up(self.shop.database, self.shop.stripes, self.shop.tenant_id, due[-1])
        await self.follow()
        for listed in await payloads(self.shop.database, self.shop.tenant_id, PayoutListed.name):
            await tasks.fetch_payout_parts(
                self.shop.database, self.shop.stripes, self.shop.tenant_id, listed
            )

    async def mirrored(self, kind: str) -> dict[str, Any]:
        async with self.shop.database.scope(self.shop.tenant_id) as scope:
            repository = MirrorRepository(scope, KINDS[kind].model)
            rows = await scope.session.scalars(repository.select())
            return {row.stripe_id: row.raw for row in rows}


@pytest.fixture
async def stream(shop: Shop, control: httpx.AsyncClient, app: FastAPI) -> AsyncIterator[Stream]:
    intake: Intake = app.state.intake
    intake.forget()
    async with served(app) as url:
        reachable = replace(shop.stripes, public_url=url)
        connected = StripeConnected(connection_id=shop.connection.id).model_dump(mode="json")
        await tasks.register_endpoint(shop.database, reachable, shop.tenant_id, connected)
        endpoint = next(iter((await control.get("/stripe/objects/webhook_endpoint")).json()))
        await shop.api.post(f"webhook_endpoints/{endpoint['id']}", enabled_events=["*"])
        (await control.put("/stripe/delivery", json=MANNERS)).raise_for_status()
        yield Stream(shop, control)


def _as_mirrored(wire: Mapping[str, Any], raw: Mapping[str, Any]) -> dict[str, Any]:
    """What the mirror says of the object, with ids in the place of what was expanded."""
    return {
        name: said["id"] if isinstance(said, dict) and isinstance(wire[name], str) else said
        for name, said in raw.items()
        if name in wire
    }


async def _equal(stream: Stream, kind: str) -> int:
    """Compare object by object; return how many there are."""
    wires, raws = await stream.objects(kind), await stream.mirrored(kind)
    assert kind in UNTOLD or wires.keys() == raws.keys()
    for id, raw in raws.items():
        assert _as_mirrored(wires[id], raw) == without_secrets(wires[id]), f"{kind} {id}"
    return len(raws)


async def endure(stream: Stream, least: int) -> None:
    """Let so many objects change, deliver at its worst, catch up once, compare object by object."""
    for number in range(ROUNDS):
        await stream.happen(sorted(EVENT_TYPES)[number::ROUNDS], least * (number + 1) // ROUNDS)
        await stream.deliver()
    attempts = (await stream.control.get("/stripe/deliveries")).json()
    outcomes = Counter(each["status"] for each in attempts)
    assert outcomes.keys() == {200, "dropped"}

    await stream.catch_up()

    assert sum([await _equal(stream, kind) for kind in TOLD]) >= least
    for kind in UNTOLD:
        assert await _equal(stream, kind)
    rows = await messages(stream.shop.database, stream.shop.tenant_id)
    assert all(row.done_at for row in rows)
    assert len(rows) == len({row.message_id for row in rows})
    await _told_once(stream)


async def _told_once(stream: Stream) -> None:
    """Each payment's success was told, and none twice."""
    told = Counter(
        orjson.loads(event.data or "")["stripe_id"]
        for event in await stream.shop.events("stripe_payment.succeeded")
    )
    succeeded = {
        id
        for id, raw in (await stream.mirrored("payment_intent")).items()
        if raw["status"] == "succeeded"
    }
    assert told == Counter(succeeded)
