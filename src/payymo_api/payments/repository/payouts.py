from collections.abc import Collection, Sequence

from payymo_api.core.db import AnyScope
from payymo_api.core.repository import TenantRepository, changes, locked
from payymo_api.core.types import PayoutId
from payymo_api.core.writes import Write
from payymo_api.payments.models import Payout


class PayoutRepository(TenantRepository[Payout]):
    model = Payout

    @staticmethod
    def settle(payout: Payout, minor: int) -> None:
        """Move a locked payout's settled amount; a CHECK keeps it between 0 and its total."""
        payout.settled_minor += minor


async def payouts_to_settle(scope: AnyScope, ids: Collection[PayoutId]) -> list[Payout]:
    """Return the payouts, locked: see `core.repository.locked`."""
    return await locked(scope, Payout, ("id", "amount_minor", "settled_minor", "currency"), ids)


def payouts_settled(scope: AnyScope, payouts: Sequence[Payout]) -> list[Write]:
    return changes(scope, payouts, ("settled_minor",))
