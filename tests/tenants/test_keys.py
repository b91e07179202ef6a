import httpx

from payymo_api.edge.caller import Callers
from payymo_api.edge.state import Parts
from payymo_api.tenants.service import note_keys_used
from tests.conftest import Someone

KEYS = "/api/v1/api_keys"


async def test_shows_a_key_once_and_keeps_only_its_hash(client: httpx.AsyncClient) -> None:
    made = await client.post(KEYS, json={"name": "CRM", "scopes": ["invoices:read"]})

    assert made.status_code == 201
    assert made.headers["Location"] == f"{KEYS}/{made.json()['id']}"
    read = await client.get(made.headers["Location"])
    assert read.status_code == 200
    assert "key" not in read.json()
    assert read.json()["hint"] == made.json()["key"][:14]


async def test_a_new_key_works_and_a_revoked_one_is_refused(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient, parts: Parts
) -> None:
    made = (await client.post(KEYS, json={"name": "soon gone"})).json()
    header = {"X-API-Key": made["key"]}
    assert (await anonymous.get(KEYS, headers=header)).status_code == 200

    assert (await client.delete(f"{KEYS}/{made['id']}")).status_code == 204

    forgetful = Callers(parts.callers.pepper, parts.callers.lookup)
    assert await forgetful.of(made["key"]) is None


async def test_notes_which_keys_were_used_and_no_others(
    someone: Someone, stranger: Someone, parts: Parts
) -> None:
    unused = (await someone.client.post(KEYS, json={"name": "unused"})).json()
    await stranger.client.get(KEYS)

    await note_keys_used(parts.database, parts.callers)

    shown = [await each.client.get(KEYS) for each in (someone, stranger)]
    used = {key["id"]: key["last_used_at"] for page in shown for key in page.json()["data"]}
    assert used.pop(unused["id"]) is None
    assert len(used) == 2
    assert all(used.values())


async def test_a_key_can_not_give_more_than_it_has(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient
) -> None:
    made = await client.post(KEYS, json={"name": "keys only", "scopes": ["api_keys:write"]})

    answer = await anonymous.post(
        KEYS, json={"name": "all"}, headers={"X-API-Key": made.json()["key"]}
    )

    assert answer.status_code == 403
    assert answer.json()["code"] == "scope_not_yours"


async def test_without_the_scope_a_key_is_refused(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient
) -> None:
    made = await client.post(KEYS, json={"name": "reader", "scopes": ["invoices:read"]})

    answer = await anonymous.get(KEYS, headers={"X-API-Key": made.json()["key"]})

    assert answer.status_code == 403
    assert "api_keys:read" in answer.json()["detail"]


async def test_a_foreign_id_is_a_404_and_an_incident_for_its_owner(
    someone: Someone, stranger: Someone
) -> None:
    mine = (await someone.client.post(KEYS, json={"name": "mine"})).json()["id"]

    answer = await stranger.client.get(f"{KEYS}/{mine}")
    unknown = await stranger.client.get(f"{KEYS}/key_00000000000000000000000000")

    assert answer.status_code == unknown.status_code == 404
    assert {**answer.json(), "request_id": ""} == {**unknown.json(), "request_id": ""}
    seen = (await someone.client.get("/api/v1/security_incidents")).json()["data"]
    assert [(each["object_id"], each["attempts"]) for each in seen] == [(mine, 1)]
    assert (await stranger.client.get("/api/v1/security_incidents")).json()["data"] == []


async def test_an_idempotency_key_answers_the_same_again(client: httpx.AsyncClient) -> None:
    header = {"Idempotency-Key": "a-1"}
    first = await client.post(KEYS, json={"name": "once"}, headers=header)
    again = await client.post(KEYS, json={"name": "once"}, headers=header)
    other = await client.post(KEYS, json={"name": "twice"}, headers=header)

    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["Location"] == first.headers["Location"]
    assert other.status_code == 422
    assert other.json()["code"] == "idempotency_key_reused"
    names = [each["name"] for each in (await client.get(KEYS)).json()["data"]]
    assert names.count("once") == 1


async def test_pages_follow_their_cursor(client: httpx.AsyncClient) -> None:
    for number in range(3):
        await client.post(KEYS, json={"name": str(number)})

    first = (await client.get(KEYS, params={"limit": 2})).json()
    response = await client.get(KEYS, params={"limit": 2, "cursor": first["next_cursor"]})

    names = [each["name"] for each in first["data"] + response.json()["data"]]
    assert names == ["2", "1", "0", "test"]
    assert first["has_more"]
    assert not response.json()["has_more"]


async def test_etag_answers_not_modified(client: httpx.AsyncClient) -> None:
    made = await client.post(KEYS, json={"name": "tagged"})
    read = await client.get(made.headers["Location"])

    again = await client.get(
        made.headers["Location"], headers={"If-None-Match": read.headers["ETag"]}
    )

    assert again.status_code == 304
    assert not again.content


async def test_refuses_unknown_fields_and_parameters(client: httpx.AsyncClient) -> None:
    body = await client.post(KEYS, json={"name": "x", "colour": "red"})
    query = await client.get(KEYS, params={"colour": "red"})

    assert body.status_code == query.status_code == 422
    assert body.json()["errors"][0]["pointer"] == "/colour"
    assert query.json()["errors"][0]["pointer"] == "/colour"


async def test_limits_stand_on_every_answer(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient
) -> None:
    for answer in (
        await client.get(KEYS),
        await client.get("/api/v1/nothing"),
        await anonymous.get(KEYS),
        await client.post(KEYS, content=b"{", headers={"Content-Type": "application/json"}),
    ):
        assert {"x-rate-limit-limit", "x-rate-limit-remaining", "x-rate-limit-reset"} <= set(
            answer.headers
        )
        assert answer.headers["x-request-id"]


async def test_malformed_bodies_are_named(client: httpx.AsyncClient) -> None:
    json = {"Content-Type": "application/json"}
    assert (await client.post(KEYS, content=b"{", headers=json)).status_code == 400
    assert (await client.post(KEYS, content=b'{"a":NaN}', headers=json)).status_code == 400
    assert (await client.post(KEYS, content=b"name=x")).status_code == 415
    assert (await client.post(KEYS, content=b'{"name":"\\u0000"}', headers=json)).status_code == 422
    assert (await client.post(KEYS, content=b" " * 2_000_000, headers=json)).status_code == 413
    assert (await client.put(KEYS)).status_code == 405
    assert (await client.get("/api/v1/nothing")).status_code == 404
