"""Tenants and their keys."""

from functools import partial
from typing import Final, NamedTuple

from payymo_api.core.clock import now
from payymo_api.core.db import Database, Scope
from payymo_api.core.settings import Settings
from payymo_api.core.types import KeyId, TenantId, new_id
from payymo_api.edge.caller import Caller, Callers, Plan, new_key
from payymo_api.tenants.errors import LastKey, ScopeNotYours
from payymo_api.tenants.models import ApiKey, Tenant
from payymo_api.tenants.repository import (
    KeyRepository,
    TenantsRepository,
    find_callers,
    note_use,
)
from payymo_api.tenants.schemas import KeyRequest

STANDARD: Final[Plan] = "standard"
PREMIUM: Final[Plan] = "premium"
_HINT_LENGTH = 14


class NewKey(NamedTuple):
    row: ApiKey
    key: str


async def create_tenant(
    database: Database, *, name: str, plan: Plan, parent_id: TenantId | None = None
) -> TenantId:
    tenant_id = TenantId(new_id())
    async with database.scope(tenant_id) as scope:
        scope.session.add(Tenant(tenant_id=tenant_id, name=name, plan=plan, parent_id=parent_id))
    return tenant_id


async def create_key(
    scope: Scope,
    callers: Callers,
    environment: str,
    request: KeyRequest,
    *,
    per_minute: int | None = None,
) -> NewKey:
    """Make a key; the answer is the only place where it ever stands in clear."""
    key = new_key(environment)
    row = ApiKey(
        id=KeyId(new_id()),
        name=request.name,
        hint=key[:_HINT_LENGTH],
        digest=callers.digest(key),
        scopes=request.scopes,
        per_minute=per_minute,
        expires_at=request.expires_at,
    )
    KeyRepository(scope).add(row)
    await scope.session.flush()
    await scope.session.refresh(row)
    return NewKey(row, key)


async def create_first_key(
    database: Database,
    settings: Settings,
    tenant_id: TenantId,
    name: str,
    per_minute: int | None = None,
) -> NewKey:
    """Make a key that may do everything, for the operator; NotFound without such a tenant."""
    callers = Callers(
        settings.api_key_pepper.get_secret_value().encode(), partial(find_callers, database)
    )
    async with database.scope(tenant_id) as scope:
        await TenantsRepository(scope).own()
        return await create_key(
            scope, callers, settings.environment, KeyRequest(name=name), per_minute=per_minute
        )


def check_scopes(caller: Caller, wanted: list[str]) -> None:
    """Raise ScopeNotYours if a key asks for more than it has."""
    beyond = sorted(scope for scope in wanted if not caller.may(scope))
    if beyond:
        raise ScopeNotYours(f"The calling key lacks {', '.join(beyond)}.")


async def revoke_key(scope: Scope, caller: Caller, id: KeyId) -> None:
    """Refuse the key from now on (everywhere within `edge.caller.REMEMBERED_SECONDS`)."""
    row = await KeyRepository(scope).get_locked(id)
    if row.id == caller.key_id:
        raise LastKey("This key is the one that is calling.")
    row.revoked_at = now()


async def note_keys_used(database: Database, callers: Callers) -> None:
    """Flush the keys seen since the last call; run every few seconds, never per request."""
    used, callers.used = callers.used, set()
    if used:
        async with database.system() as session:
            await note_use(session, used)
