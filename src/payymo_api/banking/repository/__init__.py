"""Banking's SQL; higher features reach our rows through these classes only."""

from payymo_api.banking.repository.accounts import AccountRepository
from payymo_api.banking.repository.connections import ConnectionRepository
from payymo_api.banking.repository.mappings import MappingRepository
from payymo_api.banking.repository.runs import RunRepository
from payymo_api.banking.repository.transactions import TransactionRepository

__all__ = [
    "AccountRepository",
    "ConnectionRepository",
    "MappingRepository",
    "RunRepository",
    "TransactionRepository",
]
