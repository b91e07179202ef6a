"""The ownership challenge, over real HTTP: it comes back, or the endpoint stays disabled."""

from typing import Any

import httpx
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import AsyncAdaptedQueuePool
from standardwebhooks.webhooks import Webhook

from payymo_api.core.db import Database
from payymo_api.webhooks.rules.challenges import echoes, new_challenge
from tests.webhooks.conftest import Receiver
from tests.webhooks.factories import ENDPOINTS, endpoint

CHALLENGE = "kZy-1_challenge"


def _ok(body: bytes, status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


async def _echo(body: bytes) -> bytes:
    return _ok(orjson.dumps({"challenge": orjson.loads(body)["challenge"]}))


async def _echo_text(body: bytes) -> bytes:
    return _ok(orjson.loads(body)["challenge"].encode() + b"\n", "202 Accepted")


async def _verify(client: httpx.AsyncClient, id: str, **options: Any) -> httpx.Response:  # noqa: ANN401  httpx's own
    return await client.post(f"{ENDPOINTS}/{id}/verify", **options)


@pytest.mark.parametrize(
    "answer",
    [
        CHALLENGE.encode(),
        f" {CHALLENGE}\r\n".encode(),
        f'"{CHALLENGE}"'.encode(),
        f'{{"challenge": "{CHALLENGE}", "more": 1}}'.encode(),
    ],
)
def test_the_challenge_comes_back_as_text_or_as_json(answer: bytes) -> None:
    assert echoes(answer, CHALLENGE)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"ok",
        CHALLENGE.encode() * 2,
        f'["{CHALLENGE}"]'.encode(),
        f'{{"answer": "{CHALLENGE}"}}'.encode(),
        f'{{"challenge": ["{CHALLENGE}"]}}'.encode(),
        b"[" * 16_384,
        b"\xff",
    ],
)
def test_anything_else_is_no_echo(answer: bytes) -> None:
    assert not echoes(answer, CHALLENGE)


@given(st.binary(max_size=200))
def test_no_answer_is_an_echo_by_chance(answer: bytes) -> None:
    assert not echoes(answer, new_challenge())


@pytest.mark.parametrize("answer", [_echo, _echo_text])
async def test_an_endpoint_is_enabled_by_its_echo_as_often_as_asked(
    client: httpx.AsyncClient,
    receiver: Receiver,
    answer: Any,  # noqa: ANN401  one of the two
) -> None:
    receiver.answer = answer
    made = await endpoint(client, receiver.url, verify_ownership=True)
    assert (made["status"], made["disabled_reason"]) == ("disabled", "unverified")

    first, second = await _verify(client, made["id"]), await _verify(client, made["id"])

    for each in (first, second):
        assert each.status_code == 200, each.text
        shown = each.json()
        assert (shown["status"], shown["disabled_reason"]) == ("enabled", None)
    assert second.json()["verified_at"] > first.json()["verified_at"]
    sent = [orjson.loads(body) for body in receiver.bodies]
    assert [each["event_type"] for each in sent] == ["webhook_endpoint.challenge"] * 2
    assert sent[0]["challenge"] != sent[1]["challenge"]


async def test_a_challenge_is_signed_and_has_the_owners_headers(
    client: httpx.AsyncClient, receiver: Receiver
) -> None:
    receiver.answer = _echo
    made = await endpoint(
        client, receiver.url, verify_ownership=True, headers={"X-Route": "blue green"}
    )

    assert (await _verify(client, made["id"])).status_code == 200

    lines = receiver.heads[0].splitlines()[1:]
    sent = dict(line.split(": ", 1) for line in lines if line)
    assert sent["X-Route"] == "blue green"
    lower = {name.lower(): value for name, value in sent.items()}
    told = Webhook(made["secret"]).verify(receiver.bodies[0], lower)
    assert told["id"] == lower["webhook-id"]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (_ok(b"ok"), "not the challenge"),
        (_ok(b"", "404 Not Found"), "404"),
        (b"HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n", "302"),
        (b"", "without a readable HTTP answer"),
    ],
)
async def test_without_its_echo_an_endpoint_stays_disabled(
    client: httpx.AsyncClient, receiver: Receiver, answer: bytes, reason: str
) -> None:
    receiver.answer = answer
    made = await endpoint(client, receiver.url, verify_ownership=True)

    refused = await _verify(client, made["id"])

    assert (refused.status_code, refused.json()["code"]) == (409, "challenge_failed")
    assert reason in refused.json()["detail"]
    shown = (await client.get(f"{ENDPOINTS}/{made['id']}")).json()
    assert (shown["disabled_reason"], shown["verified_at"]) == ("unverified", None)


async def test_no_transaction_is_open_while_the_endpoint_answers(
    client: httpx.AsyncClient, receiver: Receiver, database: Database
) -> None:
    in_use: list[int] = []

    async def echo(body: bytes) -> bytes:
        pool = database.engine.pool
        assert isinstance(pool, AsyncAdaptedQueuePool)
        in_use.append(pool.checkedout())
        return await _echo(body)

    receiver.answer = echo
    made = await endpoint(client, receiver.url, verify_ownership=True)

    assert (await _verify(client, made["id"])).status_code == 200

    assert in_use == [0]


async def test_an_echo_for_another_url_does_not_count(
    client: httpx.AsyncClient, receiver: Receiver
) -> None:
    made = await endpoint(client, receiver.url, verify_ownership=True)
    place = f"{ENDPOINTS}/{made['id']}"
    moved = {"url": f"{receiver.url}/2", "event_types": ["*"], "verify_ownership": True}

    async def echo_late(body: bytes) -> bytes:
        assert (await client.put(place, json=moved)).status_code == 200
        return await _echo(body)

    receiver.answer = echo_late
    refused = await _verify(client, made["id"])

    assert refused.json()["code"] == "challenge_failed"
    assert (await client.get(place)).json()["disabled_reason"] == "unverified"


async def test_a_changed_url_has_to_prove_itself_again(
    client: httpx.AsyncClient, receiver: Receiver
) -> None:
    receiver.answer = _echo
    made = await endpoint(client, receiver.url, verify_ownership=True)
    place = f"{ENDPOINTS}/{made['id']}"
    assert (await _verify(client, made["id"])).status_code == 200
    same: dict[str, Any] = {"url": receiver.url, "event_types": ["*"], "verify_ownership": True}

    kept = (await client.put(place, json=same)).json()
    moved = (await client.put(place, json=same | {"url": f"{receiver.url}/2"})).json()
    trusted = (await client.put(place, json=same | {"verify_ownership": False})).json()

    assert (kept["status"], moved["status"], trusted["status"]) == (
        "enabled",
        "disabled",
        "enabled",
    )
    assert moved["disabled_reason"] == "unverified"
    assert trusted["disabled_reason"] is None


async def test_who_disables_an_endpoint_does_not_get_it_back_by_the_challenge(
    client: httpx.AsyncClient, receiver: Receiver
) -> None:
    receiver.answer = _echo
    made = await endpoint(client, receiver.url, verify_ownership=True)
    place = f"{ENDPOINTS}/{made['id']}"
    off = {"url": receiver.url, "event_types": ["*"], "verify_ownership": True, "enabled": False}
    assert (await client.put(place, json=off)).json()["disabled_reason"] is None

    verified = (await _verify(client, made["id"])).json()
    enabled = (await client.put(place, json=off | {"enabled": True})).json()

    assert (verified["status"], enabled["status"]) == ("disabled", "enabled")


async def test_one_key_asks_the_endpoint_once(
    client: httpx.AsyncClient, receiver: Receiver
) -> None:
    receiver.answer = _echo
    made = await endpoint(client, receiver.url, verify_ownership=True)

    answers = [
        await _verify(client, made["id"], headers={"Idempotency-Key": "verify-1"}) for _ in "ab"
    ]

    assert answers[0].content == answers[1].content
    assert answers[1].headers["Idempotent-Replayed"] == "true"
    assert len(receiver.bodies) == 1
