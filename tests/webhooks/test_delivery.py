"""Fan-out, delivery, and what can be asked for afterwards."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
from sqlalchemy import func, select, text, update

from payymo_api.core.clock import now
from payymo_api.core.db import Database
from payymo_api.core.types import EventId, TenantId, parse_public_id
from payymo_api.edge.state import Parts
from payymo_api.messaging.models import OutboxEvent
from payymo_api.messaging.presence import Presence
from payymo_api.webhooks import tasks
from payymo_api.webhooks.gateway.aiohttp_sender import AiohttpSender
from payymo_api.webhooks.models import WebhookDelivery, WebhookLane
from payymo_api.webhooks.repository import forgetting
from payymo_api.webhooks.rules import retries
from payymo_api.webhooks.service.drain import drain
from tests.conftest import Someone
from tests.fanning_out import fan_out
from tests.webhooks.conftest import Receiver
from tests.webhooks.factories import (
    DELIVERIES,
    ENDPOINTS,
    EVENTS,
    apply_rules,
    endpoint,
    happen,
    import_lines,
)

BROKEN = b"HTTP/1.1 500 Oops\r\ncontent-length: 21\r\n\r\nkey whsec_abcd \x00\xff end"
GONE = b"HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n"
ABORT = b"HTTP/1.1 500 No\r\nwebhook-delivery: abort-message\r\ncontent-length: 0\r\n\r\n"
DISABLE = b"HTTP/1.1 200 OK\r\nwebhook-delivery: disable\r\ncontent-length: 0\r\n\r\n"
OK = b"HTTP/1.1 204 No Content\r\n\r\n"


async def _events(database: Database, tenant_id: TenantId) -> Sequence[OutboxEvent]:
    async with database.scope(tenant_id) as scope:
        found = await scope.session.scalars(select(OutboxEvent).order_by(OutboxEvent.sequence))
        return found.all()


async def _listed(client: httpx.AsyncClient, **filters: str) -> list[dict[str, Any]]:
    answer = await client.get(DELIVERIES, params=filters)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


class Postman:
    """Sends what is due of one tenant, as a worker does."""

    def __init__(self, parts: Parts, sender: AiohttpSender, someone: Someone) -> None:
        self._parts, self._sender, self._someone = parts, sender, someone

    async def go(self) -> None:
        async with self._parts.database.system() as session:
            others = WebhookLane.tenant_id != self._someone.tenant_id
            await session.execute(update(WebhookLane).where(others).values(due_at=None))
        await drain(self._parts.database, self._parts.keyring, self._sender, Presence(""))

    async def hurry(self) -> None:
        """Make what waits for its next attempt due now."""
        async with self._parts.database.scope(self._someone.tenant_id) as scope:
            waiting = WebhookDelivery.next_attempt_at.is_not(None)
            await scope.session.execute(
                update(WebhookDelivery).where(waiting).values(next_attempt_at=func.now())
            )
            await scope.session.execute(update(WebhookLane).values(due_at=func.now()))


@pytest.fixture
def postman(parts: Parts, lenient: AiohttpSender, someone: Someone) -> Postman:
    return Postman(parts, lenient, someone)


async def test_an_event_is_owed_to_any_number_of_endpoints(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    """7,000: more than one statement has parameters for."""
    made = parse_public_id("we", (await endpoint(client, "https://example.com/hook"))["id"])
    await happen(database, tenant_id)
    async with database.scope(tenant_id) as scope:
        await scope.session.execute(
            text(
                "INSERT INTO webhook_endpoints (tenant_id, id, url, event_types, status, each_line,"
                " secret) SELECT tenant_id, gen_random_uuid(), url, event_types, status, each_line,"
                " secret FROM webhook_endpoints, generate_series(2, 7000) WHERE id = :id"
            ),
            {"id": made},
        )

    await fan_out(database)

    async with database.scope(tenant_id) as scope:
        owed = select(func.count()).select_from(WebhookDelivery)
        assert await scope.session.scalar(owed) == 7000


async def test_two_fan_outs_owe_once_to_each_endpoint(someone: Someone, database: Database) -> None:
    first = await endpoint(someone.client, "https://example.com/1")
    second = await endpoint(someone.client, "https://example.com/2")
    await happen(database, someone.tenant_id)

    await fan_out(database)
    await fan_out(database)

    owed = await _listed(someone.client)
    assert sorted(each["endpoint_id"] for each in owed) == sorted([first["id"], second["id"]])
    assert {each["status"] for each in owed} == {"pending"}
    assert all(event.done_at for event in await _events(database, someone.tenant_id))


async def test_an_endpoint_gets_what_it_subscribed_to(someone: Someone, database: Database) -> None:
    paid = await endpoint(someone.client, "https://example.com/1", event_types=["invoice.paid"])
    off = await endpoint(someone.client, "https://example.com/2", enabled=False)
    lines = await endpoint(someone.client, "https://example.com/3", each_line=True)
    short = await endpoint(someone.client, "https://example.com/4")
    await import_lines(database, someone.tenant_id)
    await apply_rules(database, someone.tenant_id)

    await fan_out(database)

    got = [(each["endpoint_id"], each["event_type"]) for each in await _listed(someone.client)]
    assert sorted(got) == sorted(
        [
            (lines["id"], "transaction.created"),
            (lines["id"], "transaction.created"),
            (lines["id"], "transaction.updated"),
            (short["id"], "transactions.imported"),
            (short["id"], "transactions.categorised"),
            (off["id"], "transactions.imported"),  # held
            (off["id"], "transactions.categorised"),
        ]
    )
    assert not await _listed(someone.client, endpoint_id=paid["id"])


async def test_a_delivered_event_is_not_sent_again(
    someone: Someone, database: Database, postman: Postman, receiver: Receiver
) -> None:
    await endpoint(someone.client, receiver.url)
    await happen(database, someone.tenant_id)
    await fan_out(database)

    await postman.go()
    await postman.go()

    assert len(receiver.bodies) == 1
    [delivery] = await _listed(someone.client, status="delivered")
    assert (delivery["attempt_count"], delivery["next_attempt_at"]) == (1, None)


async def test_a_failure_is_noted_and_tried_again_when_due(
    someone: Someone, database: Database, postman: Postman, receiver: Receiver
) -> None:
    await endpoint(someone.client, receiver.url)
    await happen(database, someone.tenant_id)
    await fan_out(database)

    receiver.answer = BROKEN
    await postman.go()
    await postman.go()
    assert len(receiver.bodies) == 1
    receiver.answer = OK
    await postman.hurry()
    await postman.go()

    [delivery] = await _listed(someone.client)
    detail = (await someone.client.get(f"{DELIVERIES}/{delivery['id']}")).json()
    assert [(each["status_code"], each["answer"]) for each in detail["attempts"]] == [
        (500, "key [redacted] \ufffd\ufffd end"),
        (204, ""),
    ]
    assert detail["status"] == "delivered"
    assert receiver.bodies[0] == receiver.bodies[1]


async def test_an_endpoint_out_of_reach_is_named_in_the_attempt(
    someone: Someone, database: Database, postman: Postman
) -> None:
    gone = await Receiver().start()
    port = gone.sockets[0].getsockname()[1]
    gone.close()
    await gone.wait_closed()
    await endpoint(someone.client, f"http://127.0.0.1:{port}/")
    await happen(database, someone.tenant_id)
    await fan_out(database)

    await postman.go()

    [delivery] = await _listed(someone.client, status="pending")
    detail = (await someone.client.get(f"{DELIVERIES}/{delivery['id']}")).json()
    [attempt] = detail["attempts"]
    assert (attempt["error"], attempt["detail"]) == ("connect", "Connection refused")
    assert detail["next_attempt_at"] > detail["created_at"]


async def test_after_the_last_attempt_it_has_failed_until_it_is_asked_for_again(
    someone: Someone, database: Database, postman: Postman, receiver: Receiver
) -> None:
    await endpoint(someone.client, receiver.url)
    await happen(database, someone.tenant_id)
    await fan_out(database)
    receiver.answer = BROKEN

    for _ in range(retries.ATTEMPTS + 3):
        await postman.hurry()
        await postman.go()

    assert len(receiver.bodies) == retries.ATTEMPTS
    [failed] = await _listed(someone.client, status="failed")
    again = await someone.client.post(f"{DELIVERIES}/{failed['id']}/redeliver")
    assert (again.status_code, again.json()["status"]) == (202, "pending")
    await postman.go()
    [retried] = await _listed(someone.client, status="pending")
    assert (retried["id"], retried["attempt_count"]) == (again.json()["id"], 1)
    assert retried["next_attempt_at"] is not None


async def test_redelivery_sends_the_same_id_and_bytes(
    someone: Someone, database: Database, postman: Postman, receiver: Receiver
) -> None:
    await endpoint(someone.client, receiver.url)
    await happen(database, someone.tenant_id)
    await fan_out(database)
    await postman.go()
    [delivery] = await _listed(someone.client)

    await someone.client.post(f"{DELIVERIES}/{delivery['id']}/redeliver")
    await postman.go()

    ids = [head.partition("webhook-id: ")[2].partition("\r\n")[0] for head in receiver.heads]
    assert ids == [delivery["event_id"]] * 2
    assert receiver.bodies[0] == receiver.bodies[1]
    again, first = await _listed(someone.client)
    assert (first["id"], again["event_id"]) == (delivery["id"], delivery["event_id"])


async def test_gone_disables_the_endpoint_and_tells_the_others(
    someone: Someone, database: Database, postman: Postman, receiver: Receiver
) -> None:
    leaving = await endpoint(someone.client, receiver.url)
    for _ in range(2):
        await happen(database, someone.tenant_id)
    await fan_out(database)
    receiver.answer = GONE

    await postman.go()

    assert len(receiver.bodies) == 1
    read = (await someone.client.get(f"{ENDPOINTS}/{leaving['id']}")).json()
    assert (read["enabled"], read["disabled_reason"]) == (False, "gone")
    owed = await _listed(someone.client)
    assert [(each["status"], each["next_attempt_at"]) for each in owed] == [("pending", None)] * 2
    staying = await endpoint(someone.client, receiver.url)
    await fan_out(database)
    [told] = await _listed(someone.client, endpoint_id=staying["id"])
    assert told["event_type"] == "webhook_endpoint.disabled"
    event = (await someone.client.get(f"{EVENTS}/{told['event_id']}")).json()
    assert event["data"] == read


async def test_a_disabled_endpoint_gets_what_waited_once_it_is_enabled(
    someone: Someone, database: Database, postman: Postman, receiver: Receiver
) -> None:
    made = await endpoint(someone.client, receiver.url)
    await happen(database, someone.tenant_id)
    await fan_out(database)
    place, body = f"{ENDPOINTS}/{made['id']}", {"url": receiver.url, "event_types": ["*"]}

    await someone.client.put(place, json=body | {"enabled": False})
    await postman.go()
    [held] = await _listed(someone.client)
    assert (held["status"], held["next_attempt_at"], receiver.bodies) == ("pending", None, [])
    refused = await someone.client.post(f"{DELIVERIES}/{held['id']}/redeliver")
    assert (refused.status_code, refused.json()["code"]) == (409, "endpoint_disabled")
    await someone.client.put(place, json=body)
    await postman.go()

    assert len(receiver.bodies) == 1


async def test_what_is_owed_to_an_endpoint_that_is_removed_ends_unsent(
    someone: Someone, database: Database, postman: Postman, receiver: Receiver
) -> None:
    made = await endpoint(someone.client, receiver.url)
    await happen(database, someone.tenant_id)
    await fan_out(database)
    await someone.client.delete(f"{ENDPOINTS}/{made['id']}")
    await postman.go()
    await tasks.end_deliveries(
        database,
        someone.tenant_id,
        {"endpoint_id": str(parse_public_id("we", made["id"]))},
    )

    assert receiver.bodies == []
    [ended] = await _listed(someone.client)
    assert ended["status"] == "failed"


async def test_a_test_event_is_marked_and_takes_no_place_in_the_sequence(
    someone: Someone, database: Database, postman: Postman, receiver: Receiver
) -> None:
    made = await endpoint(someone.client, receiver.url, event_types=["invoice.paid"])
    other = await endpoint(someone.client, receiver.url)

    answer = await someone.client.post(
        f"{ENDPOINTS}/{made['id']}/test", json={"event_type": "transaction.created"}
    )
    await postman.go()
    await happen(database, someone.tenant_id)
    await fan_out(database)

    assert answer.status_code == 202
    [body] = receiver.bodies
    sent = orjson.loads(body)
    assert (sent["test"], sent["sequence"]) == (True, 0)
    assert sent["event_type"] == "transaction.created"
    assert b'"amount":100.50' in body
    [real] = await _listed(someone.client, endpoint_id=other["id"])
    listed = (await someone.client.get(EVENTS)).json()["data"]
    assert [(each["id"], each["sequence"]) for each in listed] == [(real["event_id"], 1)]


async def test_events_are_read_as_they_were_sent(
    someone: Someone, database: Database, postman: Postman, receiver: Receiver
) -> None:
    await endpoint(someone.client, receiver.url)
    for _ in range(3):
        await happen(database, someone.tenant_id)
    await fan_out(database)
    await postman.go()

    first = await someone.client.get(EVENTS, params={"limit": 2})
    cursor = first.json()["next_cursor"]
    second = await someone.client.get(EVENTS, params={"limit": 2, "cursor": cursor})
    events = first.json()["data"] + second.json()["data"]

    assert [each["sequence"] for each in events] == [1, 2, 3]
    by_id = {orjson.loads(body)["id"]: body for body in receiver.bodies}
    for each in events:
        read = await someone.client.get(f"{EVENTS}/{each['id']}")
        assert read.content == by_id[each["id"]]
        assert by_id[each["id"]] in first.content + second.content


async def test_replay_sends_what_the_endpoint_wants_of_a_span(
    someone: Someone, database: Database, postman: Postman, receiver: Receiver
) -> None:
    await happen(database, someone.tenant_id)
    await import_lines(database, someone.tenant_id)
    await happen(database, someone.tenant_id)
    await fan_out(database)
    late = await endpoint(someone.client, receiver.url)
    place = f"{ENDPOINTS}/{late['id']}/replay"
    assert not await _listed(someone.client)

    first = await someone.client.post(place, json={"from_sequence": 1, "to_sequence": 1})
    assert (first.status_code, first.json()["queued"]) == (202, 1)
    await postman.go()
    rest = await someone.client.post(place, json={"since": "2020-01-01T00:00:00Z"})
    assert (rest.json()["queued"], rest.json()["next_sequence"]) == (3, None)
    await postman.go()

    sequences = [orjson.loads(body)["sequence"] for body in receiver.bodies]
    assert sequences[0] == 1
    assert sorted(sequences[1:]) == [1, 4, 5]
    assert len(await _listed(someone.client)) == 4
    neither = await someone.client.post(place, json={"to_sequence": 3})
    assert neither.status_code == 422


async def test_a_stranger_sees_and_gets_nothing(
    someone: Someone, stranger: Someone, database: Database, receiver: Receiver
) -> None:
    await endpoint(someone.client, "https://example.com/1")
    theirs = await endpoint(stranger.client, receiver.url)
    await happen(database, someone.tenant_id)
    await fan_out(database)
    [delivery] = await _listed(someone.client)
    event = f"{EVENTS}/{delivery['event_id']}"
    mine = f"{DELIVERIES}/{delivery['id']}"

    assert (await stranger.client.get(event)).status_code == 404
    assert (await stranger.client.get(mine)).status_code == 404
    assert (await stranger.client.post(f"{mine}/redeliver")).status_code == 404
    assert await _listed(stranger.client) == []
    assert await _listed(stranger.client, event_id=delivery["event_id"]) == []
    assert (await stranger.client.get(EVENTS)).json()["data"] == []
    replay = f"{ENDPOINTS}/{theirs['id']}/replay"
    assert (await stranger.client.post(replay, json={"from_sequence": 1})).json()["queued"] == 0
    seen = (await someone.client.get("/api/v1/security_incidents")).json()["data"]
    assert {each["object_id"] for each in seen} == {delivery["id"], delivery["event_id"]}


async def test_old_events_are_forgotten_with_their_deliveries(
    someone: Someone, database: Database, postman: Postman, receiver: Receiver
) -> None:
    await endpoint(someone.client, receiver.url)
    for _ in range(2):
        await happen(database, someone.tenant_id)
    await fan_out(database)
    await postman.go()
    old, young = [event.id for event in await _events(database, someone.tenant_id)]
    await _age(database, someone.tenant_id, old, days=91)
    await _age(database, someone.tenant_id, young, days=89)

    while await forgetting.forget_old(database):
        pass

    assert [event.id for event in await _events(database, someone.tenant_id)] == [young]
    [kept] = await _listed(someone.client)
    assert parse_public_id("evt", kept["event_id"]) == young
    [listed] = (await someone.client.get(EVENTS)).json()["data"]
    assert listed["id"] == kept["event_id"]


async def _age(database: Database, tenant_id: TenantId, id: UUID, *, days: int) -> None:
    async with database.scope(tenant_id) as scope:
        then = now() - timedelta(days=days)
        await scope.session.execute(
            update(OutboxEvent)
            .where(OutboxEvent.id == EventId(id))
            .values(occurred_at=then, done_at=then)
        )


async def test_a_receiver_may_stop_a_delivery_or_all_of_them(
    someone: Someone, database: Database, postman: Postman, receiver: Receiver
) -> None:
    made = await endpoint(someone.client, receiver.url)
    await happen(database, someone.tenant_id)
    receiver.answer = ABORT
    await postman.go()
    [aborted] = await _listed(someone.client)
    assert (aborted["status"], aborted["attempt_count"]) == ("failed", 1)

    await happen(database, someone.tenant_id)
    receiver.answer = DISABLE
    await postman.go()

    [delivered] = await _listed(someone.client, status="delivered")
    assert delivered["event_id"] != aborted["event_id"]
    read = (await someone.client.get(f"{ENDPOINTS}/{made['id']}")).json()
    assert (read["enabled"], read["disabled_reason"]) == (False, "receiver")


async def test_an_endpoint_has_its_own_schedule(
    someone: Someone, database: Database, postman: Postman, receiver: Receiver
) -> None:
    await endpoint(someone.client, receiver.url, retry_schedule=[3600])
    await happen(database, someone.tenant_id)
    receiver.answer = BROKEN

    await postman.go()
    [waiting] = await _listed(someone.client)
    await postman.hurry()
    await postman.go()

    next_at = datetime.fromisoformat(waiting["next_attempt_at"])
    assert next_at >= datetime.fromisoformat(waiting["created_at"]) + timedelta(seconds=3600)
    [failed] = await _listed(someone.client)
    assert (failed["status"], failed["attempt_count"]) == ("failed", 2)


async def test_what_follows_a_failure_waits_for_it_if_the_endpoint_has_an_order(
    someone: Someone, database: Database, postman: Postman, receiver: Receiver
) -> None:
    await endpoint(someone.client, receiver.url, ordering="endpoint")
    for _ in range(3):
        await happen(database, someone.tenant_id)
    receiver.answer = BROKEN
    await postman.go()
    assert len(receiver.bodies) == 1

    receiver.answer = OK
    await postman.go()
    assert len(receiver.bodies) == 1
    await postman.hurry()
    await postman.go()

    sequences = [orjson.loads(body)["sequence"] for body in receiver.bodies]
    assert sequences == [1, 1, 2, 3]
