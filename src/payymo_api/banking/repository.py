from collections.abc import Collection, Sequence

from payymo_api.banking.models import Transaction
from payymo_api.core.repository import TenantRepository
from payymo_api.core.types import TransactionId


class TransactionRepository(TenantRepository[Transaction]):
    model = Transaction

    async def locked(self, ids: Collection[TransactionId]) -> Sequence[Transaction]:
        """Return the lines, their rows locked in id order until the transaction ends."""
        statement = (
            self.select()
            .where(Transaction.id.in_(ids))
            .order_by(Transaction.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        return (await self._session.scalars(statement)).all()

    @staticmethod
    def settle(line: Transaction, minor: int) -> None:
        """Move a locked line's settled amount; a CHECK keeps it between 0 and the line's amount."""
        line.settled_minor += minor
        if line.settled_minor == line.amount_minor:
            line.match_state = "matched"
        else:
            line.match_state = "partial" if line.settled_minor else "unmatched"
