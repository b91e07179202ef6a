"""Accounts, with a feed or for statement files only."""

from payymo_api.banking.errors import AccountExists
from payymo_api.banking.models import BankAccount
from payymo_api.banking.repository import AccountRepository
from payymo_api.banking.schemas.accounts import AccountAnswer, AccountRequest
from payymo_api.banking.service.answers import account_answer
from payymo_api.core.db import Scope
from payymo_api.core.types import AccountId, new_id, public_id


async def create_account(scope: Scope, request: AccountRequest) -> AccountAnswer:
    """Make an account for statement files; AccountExists if a bank or a caller made it before."""
    accounts = AccountRepository(scope)
    await accounts.hold()
    for row in await accounts.named(request.iban, request.other_id):
        if row.currency == request.currency:
            raise AccountExists(f"It is {public_id('bacc', row.id)}.")
    made = accounts.add(
        BankAccount(id=AccountId(new_id()), status="no_feed", **request.model_dump())
    )
    await scope.session.flush()
    await scope.session.refresh(made)
    return account_answer(made)
