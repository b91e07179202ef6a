from typing import Annotated

from fastapi import Query

from payymo_api.core.fields import Listing, Paging
from payymo_api.core.refs import PayoutRef
from payymo_api.edge.route import api_router
from payymo_api.edge.scope import ScopeDep
from payymo_api.payments.repository.payouts import BalanceTransactionRepository, PayoutRepository
from payymo_api.payments.schemas.payouts import (
    BalanceTransactionAnswer,
    BalanceTransactionFilters,
    PayoutAnswer,
    PayoutFilters,
)
from payymo_api.payments.service.answers import balance_transaction_answer, payout_answer

payouts = api_router("/stripe/payouts", "stripe_payouts")
balance_transactions = api_router("/stripe/balance_transactions", "stripe_payouts")


@payouts.get("")
async def list_stripe_payouts(
    scope: ScopeDep, filters: Annotated[PayoutFilters, Query()]
) -> Listing[PayoutAnswer]:
    """List what Stripe sends to the bank, the latest arrival first."""
    return Listing[PayoutAnswer].of(await PayoutRepository(scope).page(filters), payout_answer)


@payouts.get("/{payout_id}")
async def get_stripe_payout(scope: ScopeDep, payout_id: PayoutRef) -> PayoutAnswer:
    """Read one payout: whether its parts add up, and whether its bank line was found."""
    return payout_answer(await PayoutRepository(scope).get(payout_id))


@payouts.get("/{payout_id}/balance_transactions")
async def list_stripe_payout_balance_transactions(
    scope: ScopeDep, payout_id: PayoutRef, paging: Annotated[Paging, Query()]
) -> Listing[BalanceTransactionAnswer]:
    """List what the payout is made of; manual and instant payouts have no parts."""
    await PayoutRepository(scope).get(payout_id)
    found = await BalanceTransactionRepository(scope).page_of(
        payout_id, paging.cursor, paging.limit
    )
    return Listing[BalanceTransactionAnswer].of(found, balance_transaction_answer)


@balance_transactions.get("")
async def list_stripe_balance_transactions(
    scope: ScopeDep, filters: Annotated[BalanceTransactionFilters, Query()]
) -> Listing[BalanceTransactionAnswer]:
    """List the movements of Stripe balances, the newest first."""
    found = await BalanceTransactionRepository(scope).page(filters)
    return Listing[BalanceTransactionAnswer].of(found, balance_transaction_answer)
