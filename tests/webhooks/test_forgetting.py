"""What was told is forgotten after 90 days, in batches that no number of deliveries makes long."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, text, update

from payymo_api.core.clock import now
from payymo_api.core.db import Base, Database
from payymo_api.core.types import TenantId
from payymo_api.messaging import relay
from payymo_api.messaging.models import OutboxEvent
from payymo_api.webhooks.models import WebhookAttempt, WebhookDelivery, WebhookReplay
from payymo_api.webhooks.repository import forgetting
from tests.conftest import Someone
from tests.fanning_out import fan_out
from tests.webhooks.factories import ENDPOINTS, endpoint, happen

AN_ATTEMPT_EACH = text(
    "INSERT INTO webhook_attempts (tenant_id, delivery_id, number, milliseconds, started_at)"
    " SELECT tenant_id, id, 1, 1, now() FROM webhook_deliveries"
)


async def _count(database: Database, tenant_id: TenantId, table: type[Base]) -> int:
    async with database.scope(tenant_id) as scope:
        return await scope.session.scalar(select(func.count()).select_from(table)) or 0


async def _age(database: Database, tenant_id: TenantId, *, days: int) -> None:
    """Let all that the tenant has been told be so old."""
    then = now() - timedelta(days=days)
    async with database.scope(tenant_id) as scope:
        await scope.session.execute(update(OutboxEvent).values(occurred_at=then, done_at=then))
        await scope.session.execute(update(WebhookReplay).values(created_at=then))


async def _told(someone: Someone, database: Database) -> None:
    """Two events, each to three endpoints with an attempt each, and again to one of them."""
    made = [await endpoint(someone.client, "https://example.com/hooks") for _ in range(3)]
    for _ in range(2):
        await happen(database, someone.tenant_id)
    await fan_out(database)
    place = f"{ENDPOINTS}/{made[0]['id']}/replay"
    await someone.client.post(place, json={"from_sequence": 1})
    async with database.scope(someone.tenant_id) as scope:
        await scope.session.execute(AN_ATTEMPT_EACH)


@pytest.mark.parametrize(("days", "kept"), [(89, (2, 8, 8, 1)), (91, (0, 0, 0, 0))])
async def test_events_go_after_90_days_with_all_that_hangs_on_them(
    someone: Someone,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    days: int,
    kept: tuple[int, ...],
) -> None:
    """Their internal siblings' week is none of theirs."""
    monkeypatch.setattr(forgetting, "_DELIVERIES_AT_ONCE", 3)
    await _told(someone, database)
    await _age(database, someone.tenant_id, days=days)

    for forget_old in (relay.forget_old, forgetting.forget_old):
        while await forget_old(database):
            pass

    tables = OutboxEvent, WebhookDelivery, WebhookAttempt, WebhookReplay
    left = [await _count(database, someone.tenant_id, table) for table in tables]
    assert tuple(left) == kept


async def test_no_batch_is_longer_than_it_may_be(
    someone: Someone, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgetting, "_DELIVERIES_AT_ONCE", 3)
    await _told(someone, database)
    while await forgetting.forget_old(database):  # what other tests have left
        pass
    await _age(database, someone.tenant_id, days=91)

    assert [await forgetting.forget_old(database) for _ in range(5)] == [3, 3, 4, 1, 0]
