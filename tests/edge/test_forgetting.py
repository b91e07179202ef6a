from datetime import timedelta

import httpx
from sqlalchemy import select, update

from payymo_api.core.clock import now
from payymo_api.core.db import Database
from payymo_api.core.types import TenantId
from payymo_api.edge import idempotency
from payymo_api.edge.models import IdempotencyKey


async def test_idempotency_keys_are_forgotten_after_three_days(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    for key in ("old", "young"):
        body = {"name": key}
        await client.post("/api/v1/api_keys", json=body, headers={"Idempotency-Key": key})
    async with database.scope(tenant_id) as scope:
        for key, hours in (("old", 73), ("young", 71)):
            await scope.session.execute(
                update(IdempotencyKey)
                .where(IdempotencyKey.key == key)
                .values(created_at=now() - timedelta(hours=hours))
            )

    while await idempotency.forget_old(database):
        pass

    async with database.scope(tenant_id) as scope:
        assert list(await scope.session.scalars(select(IdempotencyKey.key))) == ["young"]
