from collections.abc import Collection, Sequence

from payymo_api.core.repository import TenantRepository
from payymo_api.core.types import PayoutId
from payymo_api.payments.models import Payout


class PayoutRepository(TenantRepository[Payout]):
    model = Payout

    async def locked(self, ids: Collection[PayoutId]) -> Sequence[Payout]:
        """Return the payouts, their rows locked in id order until the transaction ends."""
        statement = (
            self.select()
            .where(Payout.id.in_(ids))
            .order_by(Payout.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        return (await self._session.scalars(statement)).all()

    @staticmethod
    def settle(payout: Payout, minor: int) -> None:
        """Move a locked payout's settled amount; a CHECK keeps it between 0 and its total."""
        payout.settled_minor += minor
