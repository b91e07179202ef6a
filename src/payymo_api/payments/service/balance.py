"""Movements of a Stripe balance: those that make a payout, added up, and those of a time."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Final

from payymo_api.core.db import Database
from payymo_api.core.types import PayoutId, TenantId
from payymo_api.payments.gateway import Params, StripeAccount
from payymo_api.payments.models import Payout, StripeConnection
from payymo_api.payments.models.connections import LIVING
from payymo_api.payments.repository.connections import StripeConnectionRepository
from payymo_api.payments.repository.payouts import BalanceTransactionRepository, PayoutRepository
from payymo_api.payments.rules.balance_transactions import is_the_payout_itself
from payymo_api.payments.rules.raw import Raw
from payymo_api.payments.service import mirror
from payymo_api.payments.service.accounts import Stripes

_KIND: Final = "balance_transaction"
_MOST_AT_ONCE = 100
"""Stripe gives no more."""


async def fetch_parts(
    database: Database, stripes: Stripes, tenant_id: TenantId, id: PayoutId
) -> None:
    """Keep all of a payout's balance transactions, and what they add up to; twice is once.

    Each page is a transaction of its own: a payout of any size holds no lock for long. One that is
    interrupted is fetched again from the start.
    """
    payout, connection = await _reachable(database, tenant_id, id)
    if connection is None:
        return
    account = stripes.of(connection)
    async for asked_at, raws in _pages(database, account, connection, {"payout": payout.stripe_id}):
        parts = [row for row in raws if not is_the_payout_itself(row, payout.stripe_id)]
        async with database.scope(tenant_id) as scope:
            rows = await mirror.keep(scope, connection, _KIND, parts, asked_at)
            await BalanceTransactionRepository(scope).make_parts(id, [row.id for row in rows])
    async with database.scope(tenant_id) as scope:
        held = await PayoutRepository(scope).get_locked(id)
        held.parts_net_minor = await BalanceTransactionRepository(scope).net_of(id)


async def fetch_since(
    database: Database, account: StripeAccount, connection: StripeConnection, since: datetime
) -> None:
    """Keep what has moved since then: no event tells of it, and it may be in no payout ever."""
    created = {"created": {"gte": int(since.timestamp())}}
    async for asked_at, raws in _pages(database, account, connection, created):
        async with database.scope(connection.tenant_id) as scope:
            await mirror.keep(scope, connection, _KIND, raws, asked_at)


async def _reachable(
    database: Database, tenant_id: TenantId, id: PayoutId
) -> tuple[Payout, StripeConnection | None]:
    """Return the payout, and the connection unless our access has ended.

    Then the payout is as if it could not be listed yet: who sees it again has it listed.
    """
    async with database.scope(tenant_id) as scope:
        payout = await PayoutRepository(scope).get_locked(id)
        connection = await StripeConnectionRepository(scope).find(payout.connection_id)
        if connection is None or connection.status not in LIVING:
            payout.listed_whole = False
            return payout, None
        return payout, connection


async def _pages(
    database: Database, account: StripeAccount, connection: StripeConnection, params: Params
) -> AsyncIterator[tuple[datetime, Sequence[Raw]]]:
    """Yield each page with the moment of its question; no transaction is open meanwhile."""
    params = {"limit": _MOST_AT_ONCE, **params}
    while True:
        asked_at = await mirror.asked_at(database, connection.tenant_id)
        page = await account.list(_KIND, params)
        yield asked_at, page.data
        if not page.has_more:
            return
        params = {**params, "starting_after": page.data[-1]["id"]}
