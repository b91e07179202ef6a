"""An account's calls to its bank, kept with the account; the caller holds the account's lock."""

from datetime import datetime
from typing import Literal

from payymo_api.banking.gateway import Allowance
from payymo_api.banking.models import BankAccount
from payymo_api.banking.rules.allowance import USUAL_LIMIT, Budget

Part = Literal["transactions", "balances"]


def budget_of(account: BankAccount, part: Part = "transactions") -> Budget:
    if part == "transactions":
        limit, made_at = account.calls_limit, account.calls_made_at
    else:
        limit, made_at = account.balance_calls_limit, account.balance_calls_made_at
    return Budget(limit or USUAL_LIMIT, tuple(made_at or ()))


def keep_budget(account: BankAccount, budget: Budget, part: Part = "transactions") -> None:
    if part == "transactions":
        account.calls_limit, account.calls_made_at = budget.limit, list(budget.made_at)
    else:
        account.balance_calls_limit = budget.limit
        account.balance_calls_made_at = list(budget.made_at)


def correct(
    account: BankAccount, told: Allowance | None, moment: datetime, part: Part = "transactions"
) -> None:
    """Take over what the bank's answer says is left."""
    if told:
        budget = budget_of(account, part)
        corrected = budget.corrected(moment, told.limit, told.remaining, told.resets_at)
        keep_budget(account, corrected, part)


def forget(account: BankAccount) -> None:
    """A new consent's reference has allowances of its own."""
    account.calls_limit = account.balance_calls_limit = None
    account.calls_made_at, account.balance_calls_made_at = [], []
