from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import (
    LargeBinary,
    Select,
    Uuid,
    any_,
    column,
    func,
    literal,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import override

from payymo_api.core.db import Database
from payymo_api.core.errors import NotFound
from payymo_api.core.page import Keyset, Page
from payymo_api.core.repository import TenantRepository
from payymo_api.core.types import KeyId, TenantId
from payymo_api.edge.caller import Caller
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
        select(
            ApiKey.digest,
            ApiKey.tenant_id,
            ApiKey.id,
            ApiKey.scopes,
            Tenant.plan,
            ApiKey.per_minute,
            ApiKey.expires_at,
        )
        .join(Tenant, Tenant.tenant_id == ApiKey.tenant_id)
        .where(
            ApiKey.digest == any_(literal(list(digests), ARRAY(LargeBinary()))),
            ApiKey.revoked_at.is_(None),
            or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > func.now()),
        )
    )
    async with database.system() as session:
        rows = (await session.execute(statement)).all()
    return {
        digest: Caller(tenant_id, key_id, frozenset(scopes), plan, per_minute, expires_at)
        for digest, tenant_id, key_id, scopes, plan, per_minute, expires_at in rows
    }


async def note_use(session: AsyncSession, used: Collection[tuple[TenantId, KeyId]]) -> None:
    """Write down that these keys were used just now: one statement for many requests.

    Rows are locked in the order of their ids, so that two processes can't deadlock.
    """
    tenants, keys = zip(*used, strict=True)
    seen = func.unnest(literal(tenants, ARRAY(Uuid())), literal(keys, ARRAY(Uuid())))
    rows = seen.table_valued(column("tenant_id", Uuid()), column("id", Uuid())).render_derived()
    mine = tuple_(ApiKey.tenant_id, ApiKey.id)
    held = (
        select(ApiKey.tenant_id, ApiKey.id)
        .where(mine.in_(select(rows)))
        .order_by(ApiKey.tenant_id, ApiKey.id)
        .with_for_update()
    )
    await session.execute(
        update(ApiKey).where(mine.in_(held)).values(last_used_at=func.now()),
        execution_options={"synchronize_session": False},
    )
