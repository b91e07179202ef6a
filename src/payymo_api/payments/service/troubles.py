"""What Stripe's answers say about a connection itself."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from payymo_api.core.db import Database
from payymo_api.payments.errors import StripeAccessLost, StripeScopeMissing
from payymo_api.payments.models import StripeConnection
from payymo_api.payments.models.connections import LIVING
from payymo_api.payments.repository.connections import StripeConnectionRepository


@asynccontextmanager
async def noted(database: Database, connection: StripeConnection) -> AsyncIterator[None]:
    """Ask Stripe inside: the connection shows that it refuses us, until it no longer does.

    That a permission is missing shows until a key is given: other calls go well all the same.
    """
    try:
        yield
    except StripeAccessLost as error:
        await _note(database, connection, error)
        raise
    if connection.error_code not in {None, StripeScopeMissing.code}:
        await _note(database, connection, None)


async def _note(
    database: Database, connection: StripeConnection, error: StripeAccessLost | None
) -> None:
    """What was rotated or removed meanwhile is not about this error any more."""
    async with database.scope(connection.tenant_id) as scope:
        row = await StripeConnectionRepository(scope).find_locked(connection.id)
        if row is None or row.status not in LIVING or row.secret_key != connection.secret_key:
            return
        row.status = "error" if error else "active"
        row.error_code = error.code if error else None
        row.error_detail = error.detail if error else None
