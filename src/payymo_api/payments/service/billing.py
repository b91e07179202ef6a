"""What customers, subscriptions and invoices at Stripe have in common when they are acted on."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from payymo_api.core.types import StripeConnectionId
from payymo_api.payments.gateway import Params
from payymo_api.payments.models import StripeConnection
from payymo_api.payments.repository.billing import BilledRepository, RowT
from payymo_api.payments.repository.connections import StripeConnectionRepository
from payymo_api.payments.service.attempts import Attempt


async def connection_named(attempt: Attempt, id: StripeConnectionId) -> StripeConnection:
    """Return the connection that a body names."""
    async with attempt.database.scope(attempt.tenant_id) as scope:
        return await StripeConnectionRepository(scope).referenced(id, "/connection_id")


async def found(
    attempt: Attempt, repository: type[BilledRepository[RowT]], id: UUID
) -> tuple[RowT, StripeConnection]:
    """Return an object that a path names, and the connection that it came by."""
    async with attempt.database.scope(attempt.tenant_id) as scope:
        rows = repository(scope)
        row = await rows.get(id)
        return row, await rows.connection_of(row)


def given(**params: Any) -> Params:  # noqa: ANN401  whatever Stripe takes
    """Return the parameters that have a value."""
    return {name: value for name, value in params.items() if value is not None}


def replaced(before: Mapping[str, str], after: Mapping[str, str]) -> Mapping[str, str]:
    """Return what makes Stripe's metadata exactly `after`: it removes what is set to nothing."""
    return {**dict.fromkeys(before, ""), **after}
