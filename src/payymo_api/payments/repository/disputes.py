from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from payymo_api.core.page import Keyset, Page
from payymo_api.core.repository import TenantRepository, among
from payymo_api.core.types import DisputeId, PaymentId
from payymo_api.payments.models import StripeDispute
from payymo_api.payments.schemas.disputes import DisputeFilters


class DisputeRepository(TenantRepository[StripeDispute]):
    model = StripeDispute
    by_age = Keyset[StripeDispute](
        (StripeDispute.stripe_created_at, StripeDispute.id),
        lambda row: (row.stripe_created_at, row.id),
        (datetime, UUID),
    )

    async def page(self, filters: DisputeFilters) -> Page[StripeDispute]:
        wanted = (
            (StripeDispute.connection_id, filters.connection_id),
            (StripeDispute.status, filters.status),
            (StripeDispute.reason, filters.reason),
            (StripeDispute.payment_id, filters.payment_id),
        )
        statement = self.select().where(
            *(column == value for column, value in wanted if value is not None)
        )
        return await self.by_age.page(self._session, statement, filters.cursor, filters.limit)

    async def payments_of(self, ids: Collection[DisputeId]) -> list[PaymentId]:
        """Return the payments that these disputes are about, as far as they are known."""
        statement = select(StripeDispute.payment_id).where(
            StripeDispute.tenant_id == self._tenant_id,
            among(StripeDispute.id, ids),
        )
        found = {id for id in await self._session.scalars(statement) if id}
        return sorted(found)
