from payymo_api.core.repository import TenantRepository
from payymo_api.payments.models import StripeConnection, StripePayment


class PaymentRepository(TenantRepository[StripePayment]):
    model = StripePayment

    async def connection_of(self, payment: StripePayment) -> StripeConnection:
        """Return the connection that it came by, removed or not."""
        key = {"tenant_id": self._tenant_id, "id": payment.connection_id}
        return await self._session.get_one(StripeConnection, key)
