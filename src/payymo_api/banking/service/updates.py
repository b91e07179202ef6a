"""Tell the tenant's systems what of a line is new."""

from collections.abc import Sequence

from payymo_api.banking.events import TransactionUpdated
from payymo_api.banking.models import Transaction
from payymo_api.banking.repository import AccountRepository
from payymo_api.banking.service.news import news
from payymo_api.core.db import Scope
from payymo_api.messaging import outbox


async def announce_updated(
    scope: Scope, rows: Sequence[Transaction], *, each_line: bool = False
) -> None:
    """Announce lines as they were written; `each_line`: as part of a flood."""
    if not rows:
        return
    owners = await AccountRepository(scope).connections({row.account_id for row in rows})
    await outbox.record(
        scope,
        *(
            TransactionUpdated(data=news(row, owners.get(row.account_id)), each_line=each_line)
            for row in rows
        ),
    )
