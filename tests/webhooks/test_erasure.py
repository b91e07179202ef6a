"""A person's data is taken out of what has happened; that it happened stays."""

from collections.abc import Sequence
from typing import Any

import orjson
import pytest
from sqlalchemy import text

from payymo_api import worker
from payymo_api.core.db import Database
from payymo_api.core.types import ErasureId, TenantId, new_id, parse_public_id, public_id
from payymo_api.messaging.events import Event, PublicEvent
from payymo_api.webhooks import tasks
from payymo_api.webhooks.events import ErasureAsked
from payymo_api.webhooks.schemas.catalogue import EVENT_TYPES
from payymo_api.webhooks.service import erasure
from tests.conftest import Someone
from tests.events import data_of
from tests.fanning_out import fan_out
from tests.webhooks.conftest import Receiver
from tests.webhooks.factories import DELIVERIES, EVENTS, endpoint, happen
from tests.webhooks.test_delivery import Postman, _listed, postman

__all__ = ["postman"]
ERASE = f"{EVENTS}/erase"
ECHO = b"HTTP/1.1 500 Oops\r\ncontent-length: 8\r\n\r\nJane Doe"
OPAQUE = {"trigger", "provider", "consent_ref", "visit", "account_id", "livemode"}
"""What internal events tell besides ids: nothing of a person (Stripe's account, a consent)."""


def _line_of(person: str) -> str:
    """What is told of a line, with the customer whom it is from somewhere inside."""
    counterparty = {"name": person, "iban": None}
    return data_of("transaction.created", description="Rent, Jane Doe", counterparty=counterparty)


async def _erase(someone: Someone, database: Database, **asked: Sequence[str]) -> dict[str, Any]:
    """Ask for it and let it run; return what became of it."""
    answer = await someone.client.post(ERASE, json=asked)
    assert (answer.status_code, answer.json()["status"]) == (202, "queued"), answer.text
    await _run(database, someone.tenant_id, answer.json()["id"])
    read = await someone.client.get(f"{EVENTS}/erasures/{answer.json()['id']}")
    found: dict[str, Any] = read.json()
    return found


async def _run(database: Database, tenant_id: TenantId, id: str) -> None:
    event = ErasureAsked(erasure_id=ErasureId(parse_public_id("era", id)))
    await tasks.erase_events(database, tenant_id, event.model_dump(mode="json"))


async def _kept(database: Database, tenant_id: TenantId) -> str:
    """Return all that is kept of events, bytes as hexadecimal digits."""
    tables = ("outbox_events", "webhook_deliveries", "webhook_attempts")
    async with database.scope(tenant_id) as scope:
        rows = [
            await scope.session.scalar(text(f"SELECT string_agg(t::text, ' ') FROM {table} t"))  # noqa: S608  ours
            for table in tables
        ]
    return " ".join(str(row) for row in rows)


async def test_a_triggered_event_still_says_that_it_was_a_test(
    someone: Someone, database: Database
) -> None:
    made = await someone.client.post(f"{EVENTS}/trigger", json={"event_type": "invoice.paid"})
    await fan_out(database)
    [before] = (await someone.client.get(EVENTS)).json()["data"]

    await _erase(someone, database, event_ids=[made.json()["id"]])

    [after] = (await someone.client.get(EVENTS)).json()["data"]
    assert after == before | {"data": {}, "erased": True}
    assert after["test"] is True


async def test_events_that_mention_a_person_lose_their_data_and_nothing_else(
    someone: Someone, database: Database
) -> None:
    person, other = public_id("cust", new_id()), public_id("cust", new_id())
    for each in (person, other, person):
        await happen(database, someone.tenant_id, data=_line_of(each))
    await fan_out(database)
    before = (await someone.client.get(EVENTS)).json()["data"]

    ended = await _erase(someone, database, mentioning=[person])

    assert (ended["status"], ended["checked"], ended["erased"]) == ("succeeded", 3, 2)
    assert ended["ended_at"] is not None
    after = (await someone.client.get(EVENTS)).json()["data"]
    bare = {"data": {}, "erased": True}
    assert after == [before[0] | bare, before[1], before[2] | bare]
    read = await someone.client.get(f"{EVENTS}/{after[0]['id']}")
    assert orjson.loads(read.content) == after[0]


async def test_nothing_of_the_person_is_kept_and_nothing_more_is_sent(
    someone: Someone, database: Database, postman: Postman, receiver: Receiver
) -> None:
    """A receiver that echoes what it gets, and an event that has no number yet."""
    person = public_id("cust", new_id())
    await endpoint(someone.client, receiver.url)
    await happen(database, someone.tenant_id, data=_line_of(person))
    await fan_out(database)
    receiver.answer = ECHO
    await postman.go()
    await happen(database, someone.tenant_id, data=_line_of(person))
    kept = await _kept(database, someone.tenant_id)
    assert kept.count("Jane Doe") == 3
    assert b"Jane Doe".hex() in kept

    ended = await _erase(someone, database, mentioning=[person])

    assert ended["erased"] == 2
    kept = await _kept(database, someone.tenant_id)
    assert "Jane Doe" not in kept
    assert b"Jane Doe".hex() not in kept
    [delivery] = await _listed(someone.client)
    assert (delivery["status"], delivery["error"]) == ("failed", "event_erased")
    await fan_out(database)
    await postman.hurry()
    await postman.go()
    assert len(receiver.bodies) == 1
    listed = (await someone.client.get(EVENTS)).json()["data"]
    assert [(each["sequence"], each["erased"]) for each in listed] == [(1, True), (2, True)]


async def test_an_erased_event_can_not_be_asked_for_again(
    someone: Someone, database: Database, postman: Postman, receiver: Receiver
) -> None:
    await endpoint(someone.client, receiver.url)
    await happen(database, someone.tenant_id)
    await fan_out(database)
    await postman.go()
    [delivery] = await _listed(someone.client)

    ended = await _erase(someone, database, event_ids=[delivery["event_id"]])

    assert (ended["checked"], ended["erased"]) == (0, 1)
    again = await someone.client.post(f"{DELIVERIES}/{delivery['id']}/redeliver")
    assert (again.status_code, again.json()["code"]) == (409, "event_erased")
    [kept] = await _listed(someone.client)
    assert (kept["status"], kept["error"]) == ("delivered", None)


async def test_an_erasure_that_runs_twice_or_is_asked_for_twice_changes_nothing_more(
    someone: Someone, database: Database
) -> None:
    person = public_id("cust", new_id())
    await happen(database, someone.tenant_id, data=_line_of(person))
    await fan_out(database)
    first = await _erase(someone, database, mentioning=[person])
    before = await _kept(database, someone.tenant_id)

    await _run(database, someone.tenant_id, first["id"])
    place = f"{EVENTS}/erasures/{first['id']}"
    assert (await someone.client.get(place)).json() == first
    assert await _kept(database, someone.tenant_id) == before
    again = await _erase(someone, database, mentioning=[person])
    assert (again["status"], again["checked"], again["erased"]) == ("succeeded", 1, 0)


async def test_a_walk_of_many_batches_comes_by_every_event_once(
    someone: Someone, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of them are numbered when it begins; whoever is killed leaves the rest to another."""
    monkeypatch.setattr(erasure, "BATCH", 2)
    person = public_id("cust", new_id())
    for _ in range(5):
        await happen(database, someone.tenant_id, data=_line_of(person))
    await fan_out(database)
    for _ in range(5):
        await happen(database, someone.tenant_id, data=_line_of(person))

    ended = await _erase(someone, database, mentioning=[person])

    assert (ended["checked"], ended["erased"]) == (10, 10)
    assert "Jane Doe" not in await _kept(database, someone.tenant_id)


async def test_a_stranger_erases_nothing_of_others(
    someone: Someone, stranger: Someone, database: Database
) -> None:
    person = public_id("cust", new_id())
    await happen(database, someone.tenant_id, data=_line_of(person))
    await fan_out(database)
    before = (await someone.client.get(EVENTS)).json()["data"]

    ended = await _erase(stranger, database, mentioning=[person])
    named = await stranger.client.post(ERASE, json={"event_ids": [before[0]["id"]]})

    assert (ended["checked"], ended["erased"]) == (0, 0)
    assert (named.status_code, named.json()["errors"][0]["pointer"]) == (422, "/event_ids/0")
    assert (await someone.client.get(EVENTS)).json()["data"] == before


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/mentioning"),
        ({"mentioning": []}, "/mentioning"),
        ({"mentioning": ["cust_1"]}, "/mentioning/0"),
        ({"mentioning": [public_id("tenant", new_id())]}, "/mentioning/0"),
        ({"mentioning": [public_id("cust", new_id())] * 101}, "/mentioning"),
        ({"event_ids": [public_id("evt", new_id())]}, "/event_ids/0"),
    ],
)
async def test_names_what_is_wrong(someone: Someone, body: dict[str, Any], pointer: str) -> None:
    answer = await someone.client.post(ERASE, json=body)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


def test_what_features_tell_each_other_names_nobody() -> None:
    """An erasure looks at public events only: the payload of the others is ids."""
    internal = [each for each in _all(Event) if not issubclass(each, PublicEvent)]
    assert {each.name for each in internal} >= worker.JOBS.keys() - EVENT_TYPES.keys()
    for event in internal:
        told = {name for name in event.model_fields if not name.endswith(("_id", "_ids"))}
        assert told <= OPAQUE, event


def _all(kind: type[Event]) -> list[type[Event]]:
    return [each for one in kind.__subclasses__() for each in (one, *_all(one))]
