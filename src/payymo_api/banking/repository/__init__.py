"""Banking's SQL; higher features reach our rows through these only."""

from payymo_api.banking.repository.accounts import AccountRepository
from payymo_api.banking.repository.connections import ConnectionRepository
from payymo_api.banking.repository.mappings import MappingRepository
from payymo_api.banking.repository.runs import RunRepository
from payymo_api.banking.repository.transactions import (
    TransactionRepository,
    lines_settled,
    lines_to_settle,
)

__all__ = [
    "AccountRepository",
    "ConnectionRepository",
    "MappingRepository",
    "RunRepository",
    "TransactionRepository",
    "lines_settled",
    "lines_to_settle",
]
