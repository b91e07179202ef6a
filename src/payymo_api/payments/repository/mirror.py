"""The rows of a kind by Stripe's ids: made once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import insert

from payymo_api.core.db import Scope
from payymo_api.core.repository import TenantRepository
from payymo_api.core.types import StripeConnectionId
from payymo_api.payments.models import Mirrored

RowT = TypeVar("RowT", bound=Mirrored)


class MirrorRepository(TenantRepository[RowT], Generic[RowT]):
    def __init__(self, scope: Scope, model: type[RowT]) -> None:
        super().__init__(scope)
        self.model = model

    async def add_missing(self, rows: Sequence[dict[str, Any]]) -> set[str]:
        """Insert the rows that are not there, in the given order; return their Stripe ids.

        One that another transaction is inserting is waited for, and is there then.
        """
        table: Any = self.model
        statement = (
            insert(table)
            .values([{"tenant_id": self._tenant_id, **row} for row in rows])
            .on_conflict_do_nothing(
                index_elements=[table.tenant_id, table.connection_id, table.stripe_id]
            )
            .returning(table.stripe_id)
        )
        return set(await self._session.scalars(statement))

    async def locked(
        self, connection_id: StripeConnectionId, stripe_ids: Sequence[str]
    ) -> dict[str, RowT]:
        """Return the rows by Stripe id, removed ones too, locked until the transaction ends.

        In the order of our ids, as matching locks them.
        """
        mine = self._of(connection_id, stripe_ids).order_by(self._id)
        statement = mine.with_for_update(key_share=True)
        rows = await self._session.scalars(statement.execution_options(populate_existing=True))
        return {row.stripe_id: row for row in rows}

    async def asked_at(
        self, connection_id: StripeConnectionId, stripe_ids: Sequence[str]
    ) -> dict[str, datetime]:
        """Return when these were asked for last, removed ones too; unknown ones are missing."""
        rows = await self._session.scalars(self._of(connection_id, stripe_ids))
        return {row.stripe_id: row.asked_at for row in rows}

    def _of(self, connection_id: StripeConnectionId, stripe_ids: Sequence[str]) -> Select[RowT]:
        return select(self.model).where(
            self.model.tenant_id == self._tenant_id,
            self.model.connection_id == connection_id,
            self.model.stripe_id.in_(stripe_ids),
        )

    async def by_stripe_id(self, connection_id: StripeConnectionId, stripe_id: str) -> RowT | None:
        return await self._session.scalar(
            self.select().where(
                self.model.connection_id == connection_id, self.model.stripe_id == stripe_id
            )
        )
