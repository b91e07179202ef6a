from collections.abc import Collection, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, Select, cast, func, update

from payymo_api.core.db import AnyScope
from payymo_api.core.page import Keyset, Page
from payymo_api.core.repository import TenantRepository, among, changes, locked
from payymo_api.core.types import BalanceTransactionId, PayoutId
from payymo_api.core.writes import Write
from payymo_api.payments.models import BalanceTransaction, Payout
from payymo_api.payments.schemas.payouts import BalanceTransactionFilters, PayoutFilters


class PayoutRepository(TenantRepository[Payout]):
    model = Payout
    by_arrival = Keyset[Payout](
        (Payout.arrival_on, Payout.id), lambda row: (row.arrival_on, row.id), (date, UUID)
    )

    async def page(self, filters: PayoutFilters) -> Page[Payout]:
        wanted = (
            (Payout.connection_id, filters.connection_id),
            (Payout.status, filters.status),
            (Payout.reconciliation_status, filters.reconciliation_status),
            (Payout.currency, filters.currency),
        )
        statement = self.select().where(
            *(column == value for column, value in wanted if value is not None)
        )
        if filters.arrival_from is not None:
            statement = statement.where(Payout.arrival_on >= filters.arrival_from)
        if filters.arrival_to is not None:
            statement = statement.where(Payout.arrival_on <= filters.arrival_to)
        if filters.matched is not None:
            whole = Payout.settled_minor == Payout.amount_minor
            statement = statement.where(whole if filters.matched else ~whole)
        return await self.by_arrival.page(self._session, statement, filters.cursor, filters.limit)

    @staticmethod
    def settle(payout: Payout, minor: int) -> None:
        """Move a locked payout's settled amount; a CHECK keeps it between 0 and its total."""
        payout.settled_minor += minor


_SETTLED = ("id", "stripe_id", "status", "amount_minor", "settled_minor", "currency")


async def payouts_to_settle(scope: AnyScope, ids: Collection[PayoutId]) -> list[Payout]:
    """Return the payouts, locked: see `core.repository.locked`."""
    return await locked(scope, Payout, _SETTLED, ids)


def payouts_settled(scope: AnyScope, payouts: Sequence[Payout]) -> list[Write]:
    return changes(scope, payouts, ("settled_minor",))


class BalanceTransactionRepository(TenantRepository[BalanceTransaction]):
    model = BalanceTransaction
    by_id = Keyset[BalanceTransaction](
        (BalanceTransaction.id,), lambda row: (row.id,), (UUID,), descending=False
    )
    by_age = Keyset[BalanceTransaction](
        (BalanceTransaction.stripe_created_at, BalanceTransaction.id),
        lambda row: (row.stripe_created_at, row.id),
        (datetime, UUID),
    )

    async def page(self, filters: BalanceTransactionFilters) -> Page[BalanceTransaction]:
        wanted = (
            (BalanceTransaction.connection_id, filters.connection_id),
            (BalanceTransaction.payout_id, filters.payout_id),
            (BalanceTransaction.type, filters.type),
            (BalanceTransaction.reporting_category, filters.reporting_category),
            (BalanceTransaction.currency, filters.currency),
            (BalanceTransaction.source, filters.source),
        )
        statement = self.select().where(
            *(column == value for column, value in wanted if value is not None)
        )
        return await self.by_age.page(self._session, statement, filters.cursor, filters.limit)

    async def page_of(
        self, payout: PayoutId, cursor: str | None, limit: int
    ) -> Page[BalanceTransaction]:
        statement = self._parts(payout)
        return await self.by_id.page(self._session, statement, cursor, limit)

    async def make_parts(self, payout: PayoutId, ids: Collection[BalanceTransactionId]) -> None:
        await self._session.execute(
            update(BalanceTransaction)
            .where(
                BalanceTransaction.tenant_id == self._tenant_id,
                among(BalanceTransaction.id, ids),
            )
            .values(payout_id=payout)
        )

    async def net_of(self, payout: PayoutId) -> int:
        """Return what the payout's parts add up to."""
        net = func.coalesce(cast(func.sum(BalanceTransaction.net_minor), BigInteger), 0)
        found = await self._session.scalar(self._parts(payout).with_only_columns(net))
        return int(found or 0)

    def _parts(self, payout: PayoutId) -> Select[BalanceTransaction]:
        return self.select().where(BalanceTransaction.payout_id == payout)
