from payymo_api.banking.events import (
    BankConnectionCreated,
    BankConnectionExpired,
    BankConnectionExpiring,
    BankConnectionUpdated,
)
from payymo_api.banking.models import BankConnection
from payymo_api.banking.repository import AccountRepository
from payymo_api.banking.service.answers import connection_answer
from payymo_api.core.db import Scope
from payymo_api.edge import exact
from payymo_api.messaging import outbox

ConnectionNews = (
    BankConnectionCreated | BankConnectionUpdated | BankConnectionExpiring | BankConnectionExpired
)


async def announce(scope: Scope, row: BankConnection, kind: type[ConnectionNews]) -> None:
    """Record the event with the connection as it stands now."""
    await scope.session.flush()
    await scope.session.refresh(row)
    accounts = await AccountRepository(scope).of_connections([row.id])
    await outbox.record(scope, kind(data=exact.dump(connection_answer(row, accounts)).decode()))
