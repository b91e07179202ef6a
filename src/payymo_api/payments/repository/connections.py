from payymo_api.core.repository import TenantRepository
from payymo_api.payments.models import StripeConnection


class StripeConnectionRepository(TenantRepository[StripeConnection]):
    model = StripeConnection
