from payymo_api.banking.repository.transactions import TransactionRepository
from payymo_api.core.db import Database
from payymo_api.core.types import CustomerId, TenantId, TransactionId, new_id
from payymo_api.reconciliation.repository.candidates import Candidates

MORE_THAN_PARAMETERS = 40_000
"""PostgreSQL's protocol counts a statement's parameters in 16 bits."""


async def test_any_number_of_ids_fits_into_a_statement(
    database: Database, tenant_id: TenantId
) -> None:
    ids = [TransactionId(new_id()) for _ in range(MORE_THAN_PARAMETERS)]
    async with database.scope(tenant_id) as scope:
        lines = TransactionRepository(scope)
        assert await lines.fresh(ids) == []
        assert await lines.locked_with_partners(ids) == []
        await lines.note_examined(ids)
        await lines.examine_again(ids)


async def test_the_engine_may_ask_for_any_number_of_customers(
    database: Database, tenant_id: TenantId
) -> None:
    """All members of a club pay the same fee from accounts that are known."""
    ids = [CustomerId(new_id()) for _ in range(MORE_THAN_PARAMETERS)]
    async with database.scope(tenant_id) as scope:
        candidates = Candidates(scope)
        assert await candidates.customers(ids) == []
        assert await candidates.owed(ids) == []
