"""The secrets that Stripe signs a connection's own events with: sealed, each to its row."""

from uuid import UUID

from payymo_api.core.crypto import Keyring
from payymo_api.core.types import TenantId
from payymo_api.payments.repository.receivers import SealedSecret


def sealed(keyring: Keyring, tenant_id: TenantId, id: UUID, secret: str) -> bytes:
    return keyring.encrypt(secret.encode(), bound_to=_row(tenant_id, id))


def unsealed(keyring: Keyring, tenant_id: TenantId, secret: SealedSecret) -> str:
    return keyring.decrypt(secret.sealed, bound_to=_row(tenant_id, secret.id)).decode()


def _row(tenant_id: TenantId, id: UUID) -> str:
    return f"stripe_webhook_secrets:{tenant_id}:{id}"
