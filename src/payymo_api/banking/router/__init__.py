"""Banking over HTTP: a module per resource."""

from payymo_api.banking.router.accounts import router as accounts
from payymo_api.banking.router.callback import router as callback
from payymo_api.banking.router.categories import categories, memories, rules
from payymo_api.banking.router.connections import router as connections
from payymo_api.banking.router.institutions import router as institutions
from payymo_api.banking.router.transactions import router as transactions

__all__ = [
    "accounts",
    "callback",
    "categories",
    "connections",
    "institutions",
    "memories",
    "rules",
    "transactions",
]
