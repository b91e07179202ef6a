"""What an endpoint asked for when it was registered, seen from where its events arrive."""

import base64
from dataclasses import dataclass

import httpx
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks.webhooks import Webhook

from payymo_api.core.db import Database
from tests.conftest import Someone
from tests.events import data_of
from tests.fanning_out import fan_out
from tests.webhooks.conftest import Receiver
from tests.webhooks.factories import DELIVERIES, ENDPOINTS, endpoint, happen
from tests.webhooks.test_delivery import Postman, postman

__all__ = ["postman"]
TOKEN = "Bearer canary-of-the-tests"


@dataclass(frozen=True, slots=True)
class Post:
    """One request that has arrived."""

    headers: dict[str, str]
    body: bytes


def _posts(receiver: Receiver) -> list[Post]:
    fields = [
        dict(line.split(": ", 1) for line in head.splitlines()[1:] if line)
        for head in receiver.heads
    ]
    lower = [{name.lower(): value for name, value in each.items()} for each in fields]
    return [Post(headers, body) for headers, body in zip(lower, receiver.bodies, strict=True)]


async def test_only_what_passes_the_filter_is_sent(
    someone: Someone, database: Database, postman: Postman, receiver: Receiver
) -> None:
    filter = [{"field": "amount_minor", "operator": "gte", "value": 10000}]
    await endpoint(someone.client, receiver.url, event_types=["transaction.*"], filter=filter)
    for number in (9999, 10000, 10001):
        await happen(
            database, someone.tenant_id, data=data_of("transaction.created", amount_minor=number)
        )

    await fan_out(database)
    await postman.go()

    sent = [orjson.loads(each.body)["data"]["amount_minor"] for each in _posts(receiver)]
    assert sorted(sent) == [10000, 10001]


async def test_a_replay_passes_the_filter_too(
    someone: Someone, database: Database, postman: Postman, receiver: Receiver
) -> None:
    for number in (1, 2, 3):
        await happen(
            database, someone.tenant_id, data=data_of("transaction.created", amount_minor=number)
        )
    await fan_out(database)
    filter = [{"field": "amount_minor", "operator": "ne", "value": 2}]
    made = await endpoint(someone.client, receiver.url, filter=filter)

    replay = f"{ENDPOINTS}/{made['id']}/replay"
    queued = await someone.client.post(replay, json={"from_sequence": 1})
    await postman.go()

    assert queued.status_code == 202, queued.text
    sent = [orjson.loads(each.body)["data"]["amount_minor"] for each in _posts(receiver)]
    assert sorted(sent) == [1, 3]


async def test_headers_and_all_signatures_arrive_and_what_comes_back_is_kept_without_them(
    someone: Someone, database: Database, postman: Postman, receiver: Receiver
) -> None:
    told = f"unknown: {TOKEN}".encode()
    receiver.answer = (
        f"HTTP/1.1 401 Unauthorized\r\ncontent-length: {len(told)}\r\n\r\n".encode() + told
    )
    made = await endpoint(
        someone.client, receiver.url, headers={"Authorization": TOKEN}, asymmetric=True
    )
    rotated = (await someone.client.post(f"{ENDPOINTS}/{made['id']}/rotate_secret")).json()
    await happen(database, someone.tenant_id)

    await fan_out(database)
    await postman.go()

    [post] = _posts(receiver)
    assert post.headers["authorization"] == TOKEN
    for secret in (made["secret"], rotated["secret"]):
        Webhook(secret).verify(post.body, post.headers)
    signed = f"{post.headers['webhook-id']}.{post.headers['webhook-timestamp']}.".encode()
    signatures = [
        base64.b64decode(each.removeprefix("v1a,"))
        for each in post.headers["webhook-signature"].split()
        if each.startswith("v1a,")
    ]
    for text, signature in zip(
        (rotated["public_key"], made["public_key"]), signatures, strict=True
    ):
        raw = base64.b64decode(text.removeprefix("whpk_"))
        Ed25519PublicKey.from_public_bytes(raw).verify(signature, signed + post.body)
    [owed] = (await someone.client.get(DELIVERIES)).json()["data"]
    shown = (await someone.client.get(f"{DELIVERIES}/{owed['id']}")).json()
    assert [each["answer"] for each in shown["attempts"]] == ["unknown: [redacted]"]


OFF = {
    "paused": {"paused": True},
    "disabled": {"enabled": False},
    "unverified": {"verify_ownership": True},
}


@pytest.mark.parametrize("why", OFF)
async def test_what_happens_while_it_is_not_sent_to_is_sent_afterwards(
    someone: Someone, database: Database, postman: Postman, receiver: Receiver, why: str
) -> None:
    made = await endpoint(someone.client, receiver.url, **OFF[why])
    await happen(database, someone.tenant_id)
    await fan_out(database)
    await postman.go()
    assert receiver.bodies == []

    await _bring_back(someone.client, receiver, f"{ENDPOINTS}/{made['id']}", why)
    await postman.go()

    assert [orjson.loads(each)["event_type"] for each in receiver.bodies] == ["transaction.created"]


async def _bring_back(client: httpx.AsyncClient, receiver: Receiver, place: str, why: str) -> None:
    if why == "paused":
        back = await client.post(f"{place}/resume")
    elif why == "disabled":
        back = await client.put(place, json={"url": receiver.url, "event_types": ["*"]})
    else:
        usual, receiver.answer = receiver.answer, _echo
        back = await client.post(f"{place}/verify")
        receiver.answer = usual
        receiver.bodies.clear()  # a challenge is no event
    assert (back.status_code, back.json()["status"]) == (200, "enabled")


async def _echo(body: bytes) -> bytes:
    challenge: str = orjson.loads(body)["challenge"]
    return f"HTTP/1.1 200 OK\r\ncontent-length: {len(challenge)}\r\n\r\n{challenge}".encode()
