import base64
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from payymo_api.core.clock import now
from payymo_api.core.db import Database
from payymo_api.core.types import EndpointId, TenantId, parse_public_id
from payymo_api.edge.state import Parts
from payymo_api.webhooks.models import WebhookEndpoint
from payymo_api.webhooks.rules import signing
from payymo_api.webhooks.schemas.catalogue import EVENT_TYPES
from payymo_api.webhooks.schemas.endpoints import EndpointRequest
from payymo_api.webhooks.service.opening import open_endpoint, sealed_for
from tests.conftest import Someone
from tests.webhooks.factories import ENDPOINTS, endpoint

URL = "https://example.com/payymo"


async def _row(database: Database, tenant_id: TenantId, id: str) -> WebhookEndpoint:
    async with database.scope(tenant_id) as scope:
        found = await scope.session.scalar(
            select(WebhookEndpoint).where(
                WebhookEndpoint.id == EndpointId(parse_public_id("we", id))
            )
        )
    assert found is not None
    return found


async def test_shows_the_secret_once_and_keeps_it_sealed(
    someone: Someone, database: Database, parts: Parts
) -> None:
    made = await endpoint(someone.client, URL, event_types=["transaction.matched"])

    secret = base64.b64decode(made["secret"].removeprefix("whsec_"), validate=True)
    assert made["secret"].startswith("whsec_")
    assert len(secret) == 32
    read = await someone.client.get(f"{ENDPOINTS}/{made['id']}")
    listed = await someone.client.get(ENDPOINTS)
    assert read.json() == {name: made[name] for name in made if name != "secret"}
    assert listed.json()["data"] == [read.json()]
    row = await _row(database, someone.tenant_id, made["id"])
    assert secret not in row.secret
    assert parts.keyring.decrypt(row.secret, bound_to=sealed_for(row)) == secret


async def test_a_rotation_keeps_the_secret_before_for_a_day(
    someone: Someone, database: Database, parts: Parts
) -> None:
    made = await endpoint(someone.client, URL)

    rotated = (await someone.client.post(f"{ENDPOINTS}/{made['id']}/rotate_secret")).json()

    assert rotated["secret"] != made["secret"]
    row = await _row(database, someone.tenant_id, made["id"])
    assert row.previous_secret is not None
    before = parts.keyring.decrypt(row.previous_secret, bound_to=sealed_for(row))
    assert base64.b64encode(before).decode() == made["secret"].removeprefix("whsec_")
    assert rotated["previous_secret_until"] > rotated["updated_at"]


async def test_put_replaces_what_may_be_written(client: httpx.AsyncClient) -> None:
    made = await endpoint(client, URL, description="old", each_line=True)
    place = f"{ENDPOINTS}/{made['id']}"
    tag = (await client.get(place)).headers["ETag"]
    wanted = {"url": f"{URL}/2", "event_types": ["invoice.paid"], "enabled": False}

    put = await client.put(place, json=wanted, headers={"If-Match": tag})
    late = await client.put(place, json=wanted, headers={"If-Match": tag})

    assert put.status_code == 200
    assert {name: put.json()[name] for name in wanted} == wanted
    assert (put.json()["description"], put.json()["each_line"]) == (None, False)
    assert late.status_code == 412
    assert (await client.get(place)).json() == put.json()


async def test_a_removed_endpoint_is_gone(client: httpx.AsyncClient) -> None:
    made = await endpoint(client, URL)
    place = f"{ENDPOINTS}/{made['id']}"

    assert (await client.delete(place)).status_code == 204

    assert (await client.get(place)).status_code == 404
    assert (await client.get(ENDPOINTS)).json()["data"] == []
    assert (await client.post(f"{place}/test", json={})).status_code == 404


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"url": "http://example.com/"}, "/url"),
        ({"url": "https://192.168.0.1/"}, "/url"),
        ({"url": "https://user:pass@example.com/"}, "/url"),
        ({"event_types": []}, "/event_types"),
        ({"event_types": ["transaction.created", "moon.full"]}, "/event_types/1"),
        ({"secret": "whsec_mine"}, "/secret"),
    ],
)
async def test_names_what_is_wrong(
    client: httpx.AsyncClient, fields: dict[str, Any], pointer: str
) -> None:
    answer = await client.post(ENDPOINTS, json={"url": URL, "event_types": ["*"]} | fields)

    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["errors"]] == [pointer]


async def test_a_foreign_endpoint_is_not_there(someone: Someone, stranger: Someone) -> None:
    place = f"{ENDPOINTS}/{(await endpoint(someone.client, URL))['id']}"
    body = {"url": URL, "event_types": ["*"]}

    answers = [
        await stranger.client.get(place),
        await stranger.client.put(place, json=body),
        await stranger.client.delete(place),
        await stranger.client.post(f"{place}/rotate_secret"),
        await stranger.client.post(f"{place}/test", json={}),
        await stranger.client.post(f"{place}/replay", json={"from_sequence": 1}),
    ]

    assert [answer.status_code for answer in answers] == [404] * 6
    assert (await stranger.client.get(ENDPOINTS)).json()["data"] == []
    assert (await someone.client.get(place)).json()["enabled"]


async def test_every_event_type_is_described(client: httpx.AsyncClient) -> None:
    listed = (await client.get("/api/v1/event_types")).json()["data"]

    assert [each["name"] for each in listed] == list(EVENT_TYPES)
    assert all(each["description"] and each["example"] for each in listed)


async def test_takes_what_an_endpoint_may_ask_for(client: httpx.AsyncClient) -> None:
    asked: dict[str, Any] = {
        "event_types": ["transaction.*", "invoice.paid"],
        "filter": [
            {"field": "amount_minor", "operator": "gte", "value": 10000},
            {"field": "currency", "operator": "in", "value": ["GBP", "EUR"]},
        ],
        "ordering": "object",
        "rate_limit": 50,
        "max_concurrency": 5,
        "retry_schedule": [60, 600],
        "paused": True,
    }

    made = await endpoint(client, URL, **asked)

    assert {name: made[name] for name in asked} == asked
    assert (made["status"], made["enabled"], made["disabled_reason"]) == ("paused", True, None)
    back = await client.put(f"{ENDPOINTS}/{made['id']}", json={"url": URL, "event_types": ["*"]})
    assert back.json()["filter"] == []
    assert (back.json()["status"], back.json()["max_concurrency"]) == ("enabled", 20)
    assert back.json()["retry_schedule"] is back.json()["rate_limit"] is None


async def test_an_endpoint_is_paused_and_resumed_as_often_as_asked(
    client: httpx.AsyncClient,
) -> None:
    place = f"{ENDPOINTS}/{(await endpoint(client, URL))['id']}"

    asked = ["pause", "pause", "resume", "resume"]
    answers = [await client.post(f"{place}/{each}") for each in asked]

    assert [answer.status_code for answer in answers] == [200] * 4
    shown = [answer.json() for answer in answers]
    assert [each["status"] for each in shown] == ["paused", "paused", "enabled", "enabled"]
    assert [each["paused"] for each in shown] == [True, True, False, False]


async def test_a_disabled_endpoint_is_neither_paused_nor_resumed(
    client: httpx.AsyncClient,
) -> None:
    place = f"{ENDPOINTS}/{(await endpoint(client, URL, enabled=False))['id']}"

    answers = [await client.post(f"{place}/{each}") for each in ("pause", "resume")]

    assert [answer.status_code for answer in answers] == [409, 409]
    assert {answer.json()["code"] for answer in answers} == {"endpoint_disabled"}


async def test_a_key_pair_is_made_shown_by_its_public_half_and_rotated_with_the_secret(
    someone: Someone, database: Database, parts: Parts
) -> None:
    made = await endpoint(someone.client, URL, asymmetric=True)
    place = f"{ENDPOINTS}/{made['id']}"

    rotated = (await someone.client.post(f"{place}/rotate_secret")).json()

    row = await _row(database, someone.tenant_id, made["id"])
    keys = open_endpoint(parts.keyring, row).signing_keys
    assert [signing.public_text(key) for key in keys] == [
        rotated["public_key"],
        made["public_key"],
    ]
    assert (await someone.client.get(place)).json()["public_key"] == rotated["public_key"]
    row.previous_secret_until = now() - timedelta(seconds=1)
    after = open_endpoint(parts.keyring, row)
    assert (len(after.secrets), len(after.signing_keys)) == (1, 1)


async def test_without_ed25519_there_is_no_key(
    someone: Someone, database: Database, parts: Parts
) -> None:
    made = await endpoint(someone.client, URL, asymmetric=True)
    place, body = f"{ENDPOINTS}/{made['id']}", {"url": URL, "event_types": ["*"]}
    await someone.client.post(f"{place}/rotate_secret")

    off = (await someone.client.put(place, json=body)).json()
    row = await _row(database, someone.tenant_id, made["id"])
    on = (await someone.client.put(place, json=body | {"asymmetric": True})).json()

    assert (off["asymmetric"], off["public_key"]) == (False, None)
    assert open_endpoint(parts.keyring, row).signing_keys == ()
    assert on["asymmetric"]
    assert on["public_key"] != made["public_key"]


async def test_a_put_of_what_was_read_changes_nothing(client: httpx.AsyncClient) -> None:
    made = await endpoint(client, URL, asymmetric=True, paused=True, rate_limit=5)
    place = f"{ENDPOINTS}/{made['id']}"
    writable = set(EndpointRequest.model_fields)
    body = {name: value for name, value in made.items() if name in writable}

    put = (await client.put(place, json=body)).json()

    assert {**put, "updated_at": None} == {
        name: made[name] for name in made if name != "secret"
    } | {"updated_at": None}


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"event_types": ["transaction"]}, "/event_types/0"),
        ({"event_types": ["moon.*"]}, "/event_types/0"),
        ({"ordering": "tenant"}, "/ordering"),
        ({"rate_limit": 0}, "/rate_limit"),
        ({"rate_limit": 10_001}, "/rate_limit"),
        ({"max_concurrency": 0}, "/max_concurrency"),
        ({"max_concurrency": 101}, "/max_concurrency"),
        ({"max_concurrency": None}, "/max_concurrency"),
        ({"retry_schedule": []}, "/retry_schedule"),
        ({"retry_schedule": [60] * 21}, "/retry_schedule"),
        ({"retry_schedule": [60, 0]}, "/retry_schedule/1"),
        ({"retry_schedule": [86_401]}, "/retry_schedule/0"),
    ],
)
async def test_names_the_limit_that_is_passed(
    client: httpx.AsyncClient, fields: dict[str, Any], pointer: str
) -> None:
    answer = await client.post(ENDPOINTS, json={"url": URL, "event_types": ["*"]} | fields)

    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["errors"]] == [pointer]
