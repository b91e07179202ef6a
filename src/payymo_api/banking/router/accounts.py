from typing import Annotated

from fastapi import Query

from payymo_api.banking.repository import AccountRepository, MappingRepository
from payymo_api.banking.schemas.accounts import AccountAnswer, AccountFilters, AccountRequest
from payymo_api.banking.schemas.mappings import SavedMappingAnswer
from payymo_api.banking.service import accounts as service
from payymo_api.banking.service.answers import account_answer
from payymo_api.core.fields import Listing
from payymo_api.core.refs import AccountRef
from payymo_api.edge.route import api_router
from payymo_api.edge.scope import ScopeDep

router = api_router("/bank_accounts", "bank_accounts")


@router.get("")
async def list_bank_accounts(
    scope: ScopeDep, filters: Annotated[AccountFilters, Query()]
) -> Listing[AccountAnswer]:
    """List accounts, newest first, with their balances."""
    found = await AccountRepository(scope).page(
        filters.connection_id, filters.cursor, filters.limit
    )
    return Listing[AccountAnswer].of(found, account_answer)


@router.post("", status_code=201)
async def create_bank_account(scope: ScopeDep, request: AccountRequest) -> AccountAnswer:
    """Make an account without a feed, for statement files."""
    return await service.create_account(scope, request)


@router.get("/{account_id}")
async def get_bank_account(scope: ScopeDep, account_id: AccountRef) -> AccountAnswer:
    """Read one account with its balances and the calls its bank still allows."""
    return account_answer(await AccountRepository(scope).get(account_id))


@router.get("/{account_id}/csv_mapping")
async def get_csv_mapping(scope: ScopeDep, account_id: AccountRef) -> SavedMappingAnswer:
    """Read the mapping that the account's CSV files are read with.

    404 if none was ever confirmed; an import with a `mapping` replaces it.
    """
    return SavedMappingAnswer.model_validate(await MappingRepository(scope).of_account(account_id))


@router.delete("/{account_id}/csv_mapping", status_code=204)
async def forget_csv_mapping(scope: ScopeDep, account_id: AccountRef) -> None:
    """Forget how the columns are read: the next CSV file needs a `mapping` again."""
    await AccountRepository(scope).get(account_id)
    await MappingRepository(scope).forget(account_id)
