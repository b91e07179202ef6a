from datetime import datetime
from uuid import UUID

from payymo_api.core.page import Keyset, Page
from payymo_api.core.repository import TenantRepository
from payymo_api.payments.models import StripeRefund
from payymo_api.payments.schemas.refunds import RefundFilters


class RefundRepository(TenantRepository[StripeRefund]):
    model = StripeRefund
    by_time = Keyset[StripeRefund](
        (StripeRefund.stripe_created_at, StripeRefund.id),
        lambda row: (row.stripe_created_at, row.id),
        (datetime, UUID),
    )

    async def page(self, filters: RefundFilters) -> Page[StripeRefund]:
        statement = self.select()
        if filters.status is not None:
            statement = statement.where(StripeRefund.status == filters.status)
        if filters.payment_id is not None:
            statement = statement.where(StripeRefund.payment_id == filters.payment_id)
        return await self.by_time.page(self._session, statement, filters.cursor, filters.limit)
