"""Events on their way to deliveries: in turns, once, in one transaction, with their order."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import func, select, update

from payymo_api.banking.events import TransactionCreated
from payymo_api.core.clock import now
from payymo_api.core.db import Database
from payymo_api.core.types import TenantId
from payymo_api.messaging import outbox, relay
from payymo_api.messaging.models import OutboxEvent
from payymo_api.webhooks.models import WebhookDelivery, WebhookLane
from payymo_api.webhooks.repository import arriving
from payymo_api.webhooks.service.fan_out import AT_ONCE, OF_A_TENANT, FanOut
from tests.conftest import Someone, make_someone
from tests.fanning_out import fan_out
from tests.webhooks.factories import DATA, about, endpoint, happen

pytestmark = pytest.mark.usefixtures("quiet")
HOOK = "https://example.com/hook"


async def _flood(database: Database, tenant_id: TenantId, count: int) -> None:
    async with database.scope(tenant_id) as scope:
        await outbox.record_each(scope, [DATA] * count, TransactionCreated(data=DATA))


async def _placed(database: Database, tenant_id: TenantId) -> list[int]:
    """Return the places that the tenant's events have got."""
    async with database.scope(tenant_id) as scope:
        sequence = OutboxEvent.sequence
        found = await scope.session.scalars(
            select(sequence).where(sequence.is_not(None)).order_by(sequence)
        )
        return [each for each in found if each is not None]


async def _owed(database: Database, tenant_id: TenantId) -> Sequence[WebhookDelivery]:
    async with database.scope(tenant_id) as scope:
        order = WebhookDelivery.sequence, WebhookDelivery.id
        return (await scope.session.scalars(select(WebhookDelivery).order_by(*order))).all()


async def _lane(database: Database, tenant_id: TenantId) -> WebhookLane:
    async with database.scope(tenant_id) as scope:
        return (await scope.session.scalars(select(WebhookLane))).one()


async def test_a_flood_of_some_delays_nobody_elses_events(app: FastAPI, database: Database) -> None:
    tenants = [(await make_someone(app)).tenant_id for _ in range(4)]
    *flooding, quiet = tenants
    for tenant_id in flooding:
        await _flood(database, tenant_id, AT_ONCE)
    await happen(database, quiet)

    found = FanOut(database)
    counts = [await found.batch() for _ in range(2)]

    assert counts[0] == AT_ONCE
    placed = [len(await _placed(database, tenant_id)) for tenant_id in tenants]
    assert placed == [OF_A_TENANT] * 3 + [1]
    await fan_out(database)
    assert await _placed(database, flooding[0]) == [*range(1, AT_ONCE + 1)]


async def test_two_at_once_owe_everything_once(someone: Someone, database: Database) -> None:
    await endpoint(someone.client, HOOK)
    await _flood(database, someone.tenant_id, 3 * OF_A_TENANT)

    await asyncio.gather(*[fan_out(database) for _ in range(3)])
    await fan_out(database)  # whoever came second has left it to the first

    everything = [*range(1, 3 * OF_A_TENANT + 1)]
    assert await _placed(database, someone.tenant_id) == everything
    assert [each.sequence for each in await _owed(database, someone.tenant_id)] == everything


async def test_who_is_not_the_one_leaves_it(someone: Someone, database: Database) -> None:
    await happen(database, someone.tenant_id)

    async with database.scope(someone.tenant_id) as scope:
        await relay.hold_numbering(scope)
        assert await FanOut(database).batch() == 0

    assert await FanOut(database).batch() == 1


class Killed(BaseException):
    pass


async def test_killed_in_a_batch_it_leaves_nothing(
    someone: Someone, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await endpoint(someone.client, HOOK)
    await happen(database, someone.tenant_id)
    await fan_out(database)
    await _flood(database, someone.tenant_id, 3)
    owe = arriving.owe

    async def owe_and_die(scope: Any, *owed: Any) -> None:  # noqa: ANN401  passed on
        await owe(scope, *owed)
        await scope.send()
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(arriving, "owe", owe_and_die)
        with pytest.raises(Killed):
            await FanOut(database).batch()

    assert await _placed(database, someone.tenant_id) == [1]
    await fan_out(database)
    assert await _placed(database, someone.tenant_id) == [1, 2, 3, 4]
    assert [each.sequence for each in await _owed(database, someone.tenant_id)] == [1, 2, 3, 4]


@pytest.mark.parametrize("fields", [{"paused": True}, {"enabled": False}])
async def test_what_an_endpoint_may_not_get_now_is_held_for_it(
    someone: Someone, database: Database, fields: dict[str, bool]
) -> None:
    await endpoint(someone.client, HOOK, **fields)
    await happen(database, someone.tenant_id)

    await fan_out(database)

    [held] = await _owed(database, someone.tenant_id)
    assert held.status == "pending"
    lane = await _lane(database, someone.tenant_id)
    assert not lane.is_open


@pytest.mark.parametrize(
    ("ordering", "keys"),
    [(None, [None, None]), ("endpoint", ["", ""]), ("object", [f"tr_{1:026}", f"tr_{2:026}"])],
)
async def test_a_delivery_knows_what_it_is_in_order_with(
    someone: Someone, database: Database, ordering: str | None, keys: list[str | None]
) -> None:
    await endpoint(someone.client, HOOK, ordering=ordering)
    for number in (1, 2):
        await happen(database, someone.tenant_id, data=about(number))

    await fan_out(database)

    assert [each.ordering_key for each in await _owed(database, someone.tenant_id)] == keys


async def test_a_lane_that_nobody_serves_is_due_and_one_that_is_served_stays(
    someone: Someone, database: Database
) -> None:
    await endpoint(someone.client, HOOK)
    tenant_id = someone.tenant_id
    async with database.scope(tenant_id) as scope:
        await scope.session.execute(update(WebhookLane).values(due_at=None))

    await happen(database, tenant_id)
    await fan_out(database)
    due_at = (await _lane(database, tenant_id)).due_at
    assert due_at is not None
    assert due_at <= now()

    async with database.scope(tenant_id) as scope:
        until = func.now() + func.make_interval(0, 0, 0, 0, 0, 1)
        served = {"leased_by": 1, "leased_until": until, "due_at": until}
        await scope.session.execute(update(WebhookLane).values(served))
    served_until = (await _lane(database, tenant_id)).due_at
    await happen(database, tenant_id)
    await fan_out(database)
    assert (await _lane(database, tenant_id)).due_at == served_until
