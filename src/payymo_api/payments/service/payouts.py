"""What a payout is made of: fetched whole, and added up."""

from payymo_api.core.db import Database
from payymo_api.core.types import PayoutId, TenantId
from payymo_api.payments.gateway import Params
from payymo_api.payments.repository.connections import StripeConnectionRepository
from payymo_api.payments.repository.payouts import BalanceTransactionRepository, PayoutRepository
from payymo_api.payments.rules.balance_transactions import is_the_payout_itself
from payymo_api.payments.service import mirror
from payymo_api.payments.service.accounts import Stripes

_KIND = "balance_transaction"
_MOST_AT_ONCE = 100
"""Stripe gives no more."""


async def fetch_parts(
    database: Database, stripes: Stripes, tenant_id: TenantId, id: PayoutId
) -> None:
    """Keep all of a payout's balance transactions, and what they add up to; twice is once.

    Each page is a transaction of its own: a payout of any size holds no lock for long. One that is
    interrupted is fetched again from the start.
    """
    async with database.scope(tenant_id) as scope:
        payout = await PayoutRepository(scope).get(id)
        connection = await StripeConnectionRepository(scope).get(payout.connection_id)
    account, params, more = stripes.of(connection), _first(payout.stripe_id), True
    while more:
        asked_at = await mirror.asked_at(database, tenant_id)
        page = await account.list(_KIND, params)
        parts = [row for row in page.data if not is_the_payout_itself(row, payout.stripe_id)]
        async with database.scope(tenant_id) as scope:
            rows = await mirror.keep(scope, connection, _KIND, parts, asked_at)
            await BalanceTransactionRepository(scope).make_parts(id, [row.id for row in rows])
        more = page.has_more
        params = {**params, "starting_after": page.data[-1]["id"]} if more else params
    await _add_up(database, tenant_id, id)


def _first(payout: str) -> Params:
    return {"payout": payout, "limit": _MOST_AT_ONCE}


async def _add_up(database: Database, tenant_id: TenantId, id: PayoutId) -> None:
    async with database.scope(tenant_id) as scope:
        payout = await PayoutRepository(scope).get_locked(id)
        payout.parts_net_minor = await BalanceTransactionRepository(scope).net_of(id)
