"""The sandbox's Stripe and a tenant's connection to it.

`shop` is all that most tests need: `shop.pay()` takes money at Stripe, `shop.keep(…)` hands what
Stripe says to the mirror, `shop.account` is the gateway that services get, `shop.events()` is what
was announced. Names that come from the sandbox's own tests: `Api` sends Stripe raw requests.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from payymo_api.core.clock import now
from payymo_api.core.db import Database
from payymo_api.core.types import StripeConnectionId, TenantId, new_id
from payymo_api.messaging.models import OutboxEvent
from payymo_api.payments.gateway import StripeAccount
from payymo_api.payments.models import StripeConnection
from payymo_api.payments.rules.keys import nature
from payymo_api.payments.rules.raw import Raw
from payymo_api.payments.service import mirror
from payymo_api.payments.service.accounts import Stripes
from payymo_api.sandbox.stripe.platform import PLATFORM, SECRET_KEY
from tests.conftest import Someone
from tests.sandbox.conftest import control
from tests.sandbox.stripe.conftest import RETURN_URL, Api, api

__all__ = ["RETURN_URL", "api", "control"]


@pytest.fixture
def stripes(app: FastAPI) -> Stripes:
    """The app's and the workers' way to the sandbox."""
    found: Stripes = app.state.stripes
    return found


async def connect(
    database: Database, stripes: Stripes, tenant_id: TenantId, key: str = SECRET_KEY
) -> StripeConnection:
    """An active connection by key to the sandbox's own account, as POST …/connections makes it."""
    kind = nature(key)
    assert kind
    row = StripeConnection(
        tenant_id=tenant_id,
        id=StripeConnectionId(new_id()),
        type="key",
        status="active",
        livemode=kind.livemode,
        account_id=PLATFORM,
        account_name="Sandbox Ltd",
        country="GB",
        default_currency="GBP",
        key_hint=kind.hint,
        activated_at=now(),
    )
    row.secret_key = stripes.sealed(row, key)
    async with database.scope(tenant_id) as scope:
        scope.session.add(row)
        await scope.session.flush()
        await scope.session.refresh(row)
    return row


@pytest.fixture
async def connection(
    someone: Someone, database: Database, stripes: Stripes, control: httpx.AsyncClient
) -> StripeConnection:
    return await connect(database, stripes, someone.tenant_id)


@dataclass(frozen=True, slots=True)
class Shop:
    """A tenant that takes money by Stripe. `api` is what happens at Stripe without us."""

    someone: Someone
    database: Database
    stripes: Stripes
    connection: StripeConnection
    api: Api

    @property
    def client(self) -> httpx.AsyncClient:
        return self.someone.client

    @property
    def tenant_id(self) -> TenantId:
        return self.someone.tenant_id

    @property
    def account(self) -> StripeAccount:
        return self.stripes.of(self.connection)

    async def keep(
        self,
        kind: str,
        *raws: Raw,
        asked_at: datetime | None = None,
        announce: Collection[str] = (),
    ) -> list[Any]:
        """Keep what Stripe said, asked for just now unless `asked_at` says otherwise."""
        asked_at = asked_at or await mirror.asked_at(self.database, self.tenant_id)
        async with self.database.scope(self.tenant_id) as scope:
            return await mirror.keep(
                scope, self.connection, kind, raws, asked_at, announce=announce
            )

    async def fetch(self, kind: str, stripe_id: str) -> Any:  # noqa: ANN401  a row of the kind
        """Ask Stripe for an object now, and keep what it says."""
        asked_at = await mirror.asked_at(self.database, self.tenant_id)
        raw = await self.account.retrieve(kind, stripe_id)
        return (await self.keep(kind, raw, asked_at=asked_at))[0]

    async def pay(self, amount: int = 1000, **values: object) -> Any:  # noqa: ANN401  a row
        """A payment made at Stripe, and kept."""
        return await self.fetch("payment_intent", (await self.api.pay(amount, **values))["id"])

    async def decline(self, card: str = "pm_card_chargeDeclined", **values: object) -> Any:  # noqa: ANN401  a row
        """A payment whose first attempt is declined at Stripe, and kept."""
        made = await self.api.post(
            "payment_intents", **({"amount": 1000, "currency": "gbp"} | values)
        )
        path = f"payment_intents/{made['id']}/confirm"
        answer = await self.api.send("POST", path, payment_method=card, return_url=RETURN_URL)
        assert answer.status_code == 402, answer.text
        return await self.fetch("payment_intent", made["id"])

    async def events(self, prefix: str = "stripe_") -> list[OutboxEvent]:
        """What this tenant's outbox says, oldest first."""
        statement = (
            select(OutboxEvent)
            .where(OutboxEvent.tenant_id == self.tenant_id, OutboxEvent.name.startswith(prefix))
            .order_by(OutboxEvent.id)
        )
        async with self.database.scope(self.tenant_id) as scope:
            return list(await scope.session.scalars(statement))

    async def told(self, prefix: str = "stripe_payment.") -> list[str]:
        """The event types that were announced."""
        return [event.name for event in await self.events(prefix)]


@pytest.fixture
async def shop(
    someone: Someone,
    database: Database,
    stripes: Stripes,
    connection: StripeConnection,
    api: Api,
) -> Shop:
    return Shop(someone, database, stripes, connection, api)
