from collections.abc import Collection, Sequence

from sqlalchemy import func, update

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

    async def note_examined(self, ids: Collection[TransactionId]) -> None:
        """Note that matching has looked at the lines; no news for the change feed."""
        await self._session.execute(
            update(Transaction)
            .where(Transaction.tenant_id == self._tenant_id, Transaction.id.in_(ids))
            .values(examined_at=func.now(), **_UNCHANGED)
            .execution_options(synchronize_session=False)
        )

    async def examine_again(self, ids: Collection[TransactionId] | None = None) -> None:
        """Let matching look anew at these lines, or at all that are not matched."""
        statement = update(Transaction).where(
            Transaction.tenant_id == self._tenant_id,
            Transaction.match_state == "unmatched",
            Transaction.examined_at.is_not(None),
        )
        if ids is not None:
            statement = statement.where(Transaction.id.in_(ids))
        await self._session.execute(
            statement.values(examined_at=None, **_UNCHANGED).execution_options(
                synchronize_session=False
            )
        )


_UNCHANGED = {"changed_xid": Transaction.changed_xid, "updated_at": Transaction.updated_at}
