"""Events that are asked for again: each ask is kept to, and none is acted on twice by one key."""

from datetime import timedelta
from typing import Any

import httpx
import orjson
import pytest
from sqlalchemy import func, select, update

from payymo_api.banking.events import TransactionRemoved
from payymo_api.core.clock import now, rfc3339
from payymo_api.core.db import Database
from payymo_api.core.settings import Settings
from payymo_api.core.types import TenantId
from payymo_api.messaging import outbox
from payymo_api.messaging.models import OutboxEvent
from payymo_api.webhooks.models import WebhookDelivery
from payymo_api.webhooks.service import resending
from tests.conftest import Someone
from tests.events import data_of
from tests.fanning_out import fan_out
from tests.test_worker import working
from tests.webhooks.conftest import Receiver
from tests.webhooks.factories import DELIVERIES, ENDPOINTS, endpoint, happen, until
from tests.webhooks.test_delivery import BROKEN, OK, Postman, _listed, postman

__all__ = ["postman"]
PUBLIC = "https://example.com/hooks"
LONG_AGO = "2020-01-01T00:00:00Z"


async def _replay(client: httpx.AsyncClient, id: str, **asked: Any) -> dict[str, Any]:  # noqa: ANN401  any JSON
    answer = await client.post(f"{ENDPOINTS}/{id}/replay", json=asked)
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def _places(client: httpx.AsyncClient, replay: dict[str, Any]) -> list[str]:
    """Return which events a replay owes, the first first."""
    owed = await _listed(client, replay_id=replay["id"])
    return [each["event_id"] for each in reversed(owed)]


async def _events(database: Database, tenant_id: TenantId, count: int) -> list[str]:
    """Make so many events, told to nobody yet; return their ids."""
    for _ in range(count):
        await happen(database, tenant_id)
    await fan_out(database)
    async with database.scope(tenant_id) as scope:
        bodies = select(OutboxEvent.body).order_by(OutboxEvent.sequence)
        return [orjson.loads(body or b"")["id"] for body in await scope.session.scalars(bodies)]


async def _have(database: Database, tenant_id: TenantId, count: int, status: str) -> None:
    """Wait until there are so many deliveries, all with this status."""

    async def reached() -> bool:
        async with database.scope(tenant_id) as scope:
            statuses = (await scope.session.scalars(select(WebhookDelivery.status))).all()
        return list(statuses) == [status] * count

    await until(reached)


@pytest.mark.usefixtures("quiet")
async def test_a_replay_asked_for_twice_delivers_twice_and_under_one_key_once(
    settings: Settings, database: Database, someone: Someone, receiver: Receiver
) -> None:
    """By a worker as it runs."""
    made = await endpoint(someone.client, receiver.url)
    place, body = f"{ENDPOINTS}/{made['id']}/replay", {"from_sequence": 1}
    async with working(settings):
        for _ in range(3):
            await happen(database, someone.tenant_id)
        await _have(database, someone.tenant_id, 3, "delivered")

        for _ in range(2):
            assert (await someone.client.post(place, json=body)).json()["queued"] == 3
        await _have(database, someone.tenant_id, 9, "delivered")
        for _ in range(2):
            headers = {"Idempotency-Key": "replay-once"}
            answer = await someone.client.post(place, json=body, headers=headers)
            assert answer.json()["queued"] == 3
        await _have(database, someone.tenant_id, 12, "delivered")

    assert len(receiver.bodies) == 12
    ids = [head.partition("webhook-id: ")[2].partition("\r\n")[0] for head in receiver.heads]
    assert len(set(ids)) == len(set(receiver.bodies)) == 3
    assert all(
        orjson.loads(body)["id"] == id for id, body in zip(ids, receiver.bodies, strict=True)
    )
    assert all(receiver.bodies.count(body) == 4 for body in receiver.bodies)


async def test_a_redelivery_is_a_delivery_of_its_own(
    someone: Someone, database: Database, postman: Postman, receiver: Receiver
) -> None:
    await endpoint(someone.client, receiver.url)
    await happen(database, someone.tenant_id)
    await postman.go()
    [first] = await _listed(someone.client)
    assert first["replay_id"] is None

    answers = [
        (await someone.client.post(f"{DELIVERIES}/{first['id']}/redeliver")).json()
        for _ in range(2)
    ]
    await postman.go()

    assert len(receiver.bodies) == 3
    assert len(set(receiver.bodies)) == 1
    assert len({first["id"], *(each["id"] for each in answers)}) == 3
    for each in answers:
        [again] = await _listed(someone.client, replay_id=each["replay_id"])
        assert (again["id"], again["status"]) == (each["id"], "delivered")
        assert again["event_id"] == first["event_id"]


async def test_what_is_asked_for_again_keeps_to_the_order_of_its_object_but_for_tests(
    someone: Someone, database: Database, postman: Postman, receiver: Receiver
) -> None:
    made = await endpoint(someone.client, receiver.url, ordering="object")
    await happen(database, someone.tenant_id)
    await someone.client.post(f"{ENDPOINTS}/{made['id']}/test", json={})
    await postman.go()
    for each in await _listed(someone.client):
        again = await someone.client.post(f"{DELIVERIES}/{each['id']}/redeliver")
        assert again.status_code == 202, again.text
    await _replay(someone.client, made["id"], from_sequence=1)

    async with database.scope(someone.tenant_id) as scope:
        statement = select(WebhookDelivery).order_by(WebhookDelivery.sequence, WebhookDelivery.id)
        owed = (await scope.session.scalars(statement)).all()
    assert [each.sequence for each in owed] == [0, 0, 1, 1, 1]
    assert [each.ordering_key for each in owed[:2]] == [None, None]
    assert len({each.ordering_key for each in owed[2:]} - {None}) == 1
    await postman.go()
    assert len(receiver.bodies) == 5


async def test_what_is_still_to_be_sent_is_sent_now_and_on_the_whole_schedule(
    someone: Someone, database: Database, postman: Postman, receiver: Receiver
) -> None:
    await endpoint(someone.client, receiver.url, retry_schedule=[3600])
    await happen(database, someone.tenant_id)
    receiver.answer = BROKEN
    await postman.go()
    [waiting] = await _listed(someone.client, status="pending")

    asked = await someone.client.post(f"{DELIVERIES}/{waiting['id']}/redeliver")
    await postman.go()

    assert (asked.status_code, asked.json()["id"]) == (202, waiting["id"])
    assert len(receiver.bodies) == 2
    [again] = await _listed(someone.client)
    assert (again["status"], again["attempt_count"]) == ("pending", 2)


async def test_only_what_failed_is_sent_again(
    someone: Someone, database: Database, postman: Postman, receiver: Receiver
) -> None:
    """One was delivered, one has failed for good, one failed and was redelivered."""
    made = await endpoint(someone.client, receiver.url, retry_schedule=[3600])
    receiver.answer = BROKEN
    lost, had = await _events(database, someone.tenant_id, 2)
    await someone.client.post(f"{ENDPOINTS}/{made['id']}/test", json={})
    for _ in range(2):
        await postman.go()
        await postman.hurry()
    receiver.answer = OK
    [redelivered] = await _listed(someone.client, event_id=had, status="failed")
    await someone.client.post(f"{DELIVERIES}/{redelivered['id']}/redeliver")
    await happen(database, someone.tenant_id)
    await postman.go()

    first = await _replay(someone.client, made["id"], since=LONG_AGO, only_failed=True)
    second = await _replay(someone.client, made["id"], from_sequence=1, only_failed=True)
    assert await _places(someone.client, first) == [lost]
    assert await _places(someone.client, second) == [lost]
    await postman.go()
    third = await _replay(someone.client, made["id"], since=LONG_AGO, only_failed=True)
    assert third["queued"] == 0


async def test_a_replay_owes_what_the_endpoint_wants_of_what_is_asked_for(
    someone: Someone, database: Database
) -> None:
    large = [{"field": "amount_minor", "operator": "gte", "value": 100}]
    for amount in (99, 100, 101, 102):
        data = data_of("transaction.created", amount_minor=amount)
        await happen(database, someone.tenant_id, data=data)
    async with database.scope(someone.tenant_id) as scope:
        await outbox.record(scope, TransactionRemoved(data=data_of("transaction.removed")))
    _, second, third, fourth, removed = await _events(database, someone.tenant_id, 0)
    choosy = (await endpoint(someone.client, PUBLIC, filter=large))["id"]
    client, last = someone.client, {"from_sequence": 3, "to_sequence": 4}

    assert await _places(client, await _replay(client, choosy, from_sequence=1)) == [
        second,
        third,
        fourth,
        removed,
    ]
    assert await _places(client, await _replay(client, choosy, **last)) == [third, fourth]
    for pattern, events in (("transaction.removed", [removed]), ("invoice.*", [])):
        kind = {"since": LONG_AGO, "event_type": pattern}
        assert await _places(client, await _replay(client, choosy, **kind)) == events


async def test_a_replay_keeps_to_its_time(someone: Someone, database: Database) -> None:
    ids = await _events(database, someone.tenant_id, 3)
    noon = now() - timedelta(days=3)
    for number in (1, 2, 3):
        async with database.scope(someone.tenant_id) as scope:
            statement = update(OutboxEvent).where(OutboxEvent.sequence == number)
            await scope.session.execute(
                statement.values(occurred_at=noon + timedelta(hours=number))
            )
    made = await endpoint(someone.client, PUBLIC)
    second = rfc3339(noon + timedelta(hours=2))

    until_then = await _replay(someone.client, made["id"], since=LONG_AGO, until=second)
    since_then = await _replay(someone.client, made["id"], since=second)

    assert await _places(someone.client, until_then) == ids[:2]
    assert await _places(someone.client, since_then) == ids[1:]


async def test_a_long_replay_is_asked_for_in_parts(
    someone: Someone, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resending, "REPLAYED_AT_ONCE", 2)
    ids = await _events(database, someone.tenant_id, 5)
    made = await endpoint(someone.client, PUBLIC)
    owed, place = [], 1
    while place:
        part = await _replay(someone.client, made["id"], from_sequence=place)
        owed += await _places(someone.client, part)
        place = part["next_sequence"]

    assert owed == ids
    assert len(await _listed(someone.client)) == 5


async def test_what_was_erased_is_passed_by_and_counted(
    someone: Someone, database: Database
) -> None:
    _, erased, _ = await _events(database, someone.tenant_id, 3)
    made = await endpoint(someone.client, PUBLIC)
    async with database.scope(someone.tenant_id) as scope:
        statement = update(OutboxEvent).where(OutboxEvent.sequence == 2)
        await scope.session.execute(statement.values(erased_at=func.now()))

    replay = await _replay(someone.client, made["id"], from_sequence=1)

    assert (replay["queued"], replay["erased"]) == (2, 1)
    assert erased not in await _places(someone.client, replay)


async def test_how_far_a_replay_is_can_be_read(
    someone: Someone, database: Database, postman: Postman, receiver: Receiver
) -> None:
    await _events(database, someone.tenant_id, 2)
    made = await endpoint(someone.client, receiver.url)
    other = await endpoint(someone.client, PUBLIC)
    replay = await _replay(someone.client, made["id"], from_sequence=1)
    place = f"{ENDPOINTS}/{made['id']}/replays/{replay['id']}"

    before = (await someone.client.get(place)).json()
    await postman.go()
    after = (await someone.client.get(place)).json()

    del replay["next_sequence"]
    assert before == replay | {"pending": 2, "delivered": 0, "failed": 0}
    assert after == replay | {"pending": 0, "delivered": 2, "failed": 0}
    elsewhere = f"{ENDPOINTS}/{other['id']}/replays/{replay['id']}"
    assert (await someone.client.get(elsewhere)).status_code == 404


async def test_a_replay_says_where_it_begins_and_not_into_a_disabled_endpoint(
    someone: Someone, database: Database
) -> None:
    made = await endpoint(someone.client, PUBLIC)
    place = f"{ENDPOINTS}/{made['id']}/replay"
    nowhere = await someone.client.post(place, json={"to_sequence": 3, "only_failed": True})
    await someone.client.put(
        f"{ENDPOINTS}/{made['id']}", json={"url": PUBLIC, "event_types": ["*"], "enabled": False}
    )
    disabled = await someone.client.post(place, json={"from_sequence": 1})

    assert (nowhere.status_code, nowhere.json()["errors"][0]["pointer"]) == (422, "/since")
    assert (disabled.status_code, disabled.json()["code"]) == (409, "endpoint_disabled")


@pytest.mark.parametrize(
    ("span", "pointer"),
    [
        ({"since": "2026-11-02T00:00:00Z", "until": "2026-11-01T00:00:00Z"}, "/until"),
        ({"from_sequence": 2, "to_sequence": 1}, "/to_sequence"),
    ],
)
async def test_a_span_that_ends_before_it_begins_is_refused(
    someone: Someone, span: dict[str, Any], pointer: str
) -> None:
    made = await endpoint(someone.client, "https://example.com/hook")

    answer = await someone.client.post(f"{ENDPOINTS}/{made['id']}/replay", json=span)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
