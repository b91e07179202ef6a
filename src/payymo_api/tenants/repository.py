from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from sqlalchemy import LargeBinary, Select, any_, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import override

from payymo_api.core.db import Database
from payymo_api.core.errors import NotFound
from payymo_api.core.page import Keyset, Page
from payymo_api.core.repository import TenantRepository
from payymo_api.core.types import KeyId, TenantId
from payymo_api.edge.caller import Caller, Plan
from payymo_api.edge.models import SecurityIncident
from payymo_api.tenants.models import ApiKey, Tenant


class TenantsRepository(TenantRepository[Tenant]):
    model = Tenant

    async def own(self) -> Tenant:
        """Return the tenant itself; NotFound if there is no such tenant."""
        found = await self._session.scalar(self.select())
        if found is None:
            raise NotFound("There is no such tenant.")
        return found


class KeyRepository(TenantRepository[ApiKey]):
    model = ApiKey
    by_id = Keyset[ApiKey]((ApiKey.id,), lambda row: (row.id,), (UUID,))

    @override
    def select(self) -> Select[ApiKey]:
        """A revoked key is gone for everybody but the database."""
        return super().select().where(ApiKey.revoked_at.is_(None))

    async def page(self, cursor: str | None, limit: int) -> Page[ApiKey]:
        return await self.by_id.page(self._session, self.select(), cursor, limit)


class IncidentRepository(TenantRepository[SecurityIncident]):
    model = SecurityIncident
    by_id = Keyset[SecurityIncident]((SecurityIncident.id,), lambda row: (row.id,), (UUID,))

    async def page(self, cursor: str | None, limit: int) -> Page[SecurityIncident]:
        return await self.by_id.page(self._session, self.select(), cursor, limit)


async def find_callers(database: Database, digests: Collection[bytes]) -> Mapping[bytes, Caller]:
    """Return whom the keys' digests belong to, but for the unknown, revoked and expired."""
    statement = (
        select(ApiKey, Tenant.plan)
        .join(Tenant, Tenant.tenant_id == ApiKey.tenant_id)
        .where(
            ApiKey.digest == any_(literal(list(digests), ARRAY(LargeBinary()))),
            ApiKey.revoked_at.is_(None),
            or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > func.now()),
        )
    )
    async with database.system() as session:
        rows = (await session.execute(statement)).all()
    return {key.digest: _caller(key, plan) for key, plan in rows}


def _caller(key: ApiKey, plan: Plan) -> Caller:
    return Caller(
        tenant_id=key.tenant_id,
        key_id=key.id,
        scopes=frozenset(key.scopes),
        plan=plan,
        per_minute=key.per_minute,
        expires_at=key.expires_at,
    )


async def note_use(session: AsyncSession, used: Iterable[tuple[TenantId, KeyId]]) -> None:
    """Write down that these keys were used just now: one statement for many requests."""
    for tenant_id, key_id in sorted(used):
        await session.execute(
            update(ApiKey)
            .where(ApiKey.tenant_id == tenant_id, ApiKey.id == key_id)
            .values(last_used_at=func.now())
        )
