import pytest
from fastapi import Response
from sqlalchemy import update

from payymo_api.core.clock import now
from payymo_api.core.db import Database
from payymo_api.core.types import TenantId
from payymo_api.edge import idempotency
from payymo_api.edge.idempotency import Replay, Ticket
from payymo_api.edge.models import IdempotencyKey
from payymo_api.edge.state import Parts


async def test_an_answer_stays_when_the_first_that_tried_ends_after_the_second(
    parts: Parts, database: Database, tenant_id: TenantId
) -> None:
    """The first took longer at the provider than its claim held; the second had it done."""
    ticket = Ticket("key-1", tenant_id, b"fingerprint", parts.keyring)
    async with database.scope(tenant_id) as scope:
        first = await idempotency.claim(scope, ticket)
        await scope.session.flush()
        await scope.session.execute(update(IdempotencyKey).values(claimed_until=now()))
    async with database.scope(tenant_id) as scope:
        second = await idempotency.claim(scope, ticket)
    for answer in (Response(b"made", 201), Response(b"too late", 409)):
        async with database.scope(tenant_id) as scope:
            await idempotency.keep(scope, ticket, answer)

    with pytest.raises(Replay) as replay:
        async with database.scope(tenant_id) as scope:
            await idempotency.claim(scope, ticket)

    assert first.effect_id == second.effect_id
    assert (first.repeated, second.repeated) == (False, True)
    assert (replay.value.response.status_code, replay.value.response.body) == (201, b"made")
