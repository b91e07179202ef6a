from collections.abc import Sequence

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from payymo_api.core.repository import TenantRepository
from payymo_api.core.types import StripeConnectionId
from payymo_api.payments.models import StripeHistory


class HistoryRepository(TenantRepository[StripeHistory]):
    model = StripeHistory

    async def start(self, id: StripeConnectionId, kinds: Sequence[str]) -> None:
        """Make the rows of these kinds; those that are there stay as they are."""
        rows = [{"tenant_id": self._tenant_id, "connection_id": id, "kind": kind} for kind in kinds]
        await self._session.execute(insert(StripeHistory).values(rows).on_conflict_do_nothing())

    async def forget(self, id: StripeConnectionId) -> None:
        mine = (StripeHistory.tenant_id == self._tenant_id, StripeHistory.connection_id == id)
        await self._session.execute(delete(StripeHistory).where(*mine))

    async def of(self, id: StripeConnectionId) -> dict[str, StripeHistory]:
        """Return kind -> row."""
        rows = await self._session.scalars(self.select().where(StripeHistory.connection_id == id))
        return {row.kind: row for row in rows}

    async def same_locked(self, seen: StripeHistory) -> StripeHistory | None:
        """Return the row, locked, if the walk stands where it was seen; else another goes on."""
        statement = self.select().where(
            StripeHistory.connection_id == seen.connection_id,
            StripeHistory.kind == seen.kind,
            StripeHistory.requested_at == seen.requested_at,
            StripeHistory.after.is_not_distinct_from(seen.after),
            StripeHistory.finished_at.is_(None),
        )
        fresh = statement.with_for_update().execution_options(populate_existing=True)
        return await self._session.scalar(fresh)
