"""Having something done at Stripe once, however often it is asked for."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from payymo_api.core.clock import now
from payymo_api.core.db import Database
from payymo_api.core.types import TenantId
from payymo_api.payments.errors import OutcomeUnknown
from payymo_api.payments.gateway import Params
from payymo_api.payments.models import StripeConnection
from payymo_api.payments.rules.raw import Raw
from payymo_api.payments.service import mirror
from payymo_api.payments.service.accounts import Stripes
from payymo_api.payments.service.kinds import KINDS
from payymo_api.payments.service.troubles import noted

_STRIPE_REMEMBERS = timedelta(hours=23)
"""Stripe keeps an idempotency key for 24 hours at least."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A request that acts at Stripe. With the same Idempotency-Key it is another attempt at the
    same: `id` is the same, and so is the key that Stripe gets. `repeated`: it may be done already.
    """

    database: Database
    stripes: Stripes
    tenant_id: TenantId
    id: UUID
    began_at: datetime | None
    repeated: bool

    @property
    def key(self) -> str:
        """Stripe's idempotency key; OutcomeUnknown when Stripe may have forgotten it."""
        if self.repeated and self.began_at and self.began_at < now() - _STRIPE_REMEMBERS:
            raise OutcomeUnknown("The first request with this key came more than 23 hours ago.")
        return f"payymo-{self.id}"

    async def asked_at(self) -> datetime:
        """When Stripe was asked first: its answer to a repeated call is as old as that."""
        return self.began_at or await mirror.asked_at(self.database, self.tenant_id)

    async def create(self, connection: StripeConnection, kind: str, params: Params) -> Raw:
        async with noted(self.database, connection):
            return await self.stripes.of(connection).create(kind, params, key=self.key)

    async def act(
        self, connection: StripeConnection, kind: str, stripe_id: str, action: str, params: Params
    ) -> Any:  # noqa: ANN401  a row of the kind
        """Do it, and ask for the object anew: what Stripe answers to a repeated call is old."""
        async with noted(self.database, connection):
            account = self.stripes.of(connection)
            await account.act(kind, stripe_id, action, params, key=self.key)
        return await self.refetch(connection, kind, stripe_id)

    async def keep(
        self, connection: StripeConnection, kind: str, raw: Raw, asked_at: datetime
    ) -> Any:  # noqa: ANN401  a row of the kind
        """Keep what we did; it is news, however the clocks of Stripe and us differ."""
        async with self.database.scope(self.tenant_id) as scope:
            announce = KINDS[kind].events
            [row] = await mirror.keep(scope, connection, kind, [raw], asked_at, announce=announce)
        return row

    async def refetch(self, connection: StripeConnection, kind: str, stripe_id: str) -> Any:  # noqa: ANN401  a row of the kind
        """Ask for an object as it is now, and keep it."""
        asked_at = await mirror.asked_at(self.database, self.tenant_id)
        async with noted(self.database, connection):
            raw = await self.stripes.of(connection).retrieve(kind, stripe_id)
        return await self.keep(connection, kind, raw, asked_at)
