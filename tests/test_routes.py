"""What the contract says of every route, tried on every route that the document names.

A route that these tests can't try (a parameter they don't know how to fill) makes them fail.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from typing_extensions import override

from payymo_api.core.settings import Settings
from payymo_api.core.types import new_id, public_id
from payymo_api.main import create_app
from tests.conftest import Someone, make_someone
from tests.world import STATEMENT, World, make_world

SETTINGS = Settings(
    database_url="postgresql://nowhere/none",
    redis_url="redis://nowhere",
    encryption_keys="k:" + "A" * 43 + "=",
    api_key_pepper="x" * 40,
)
DOCUMENT: dict[str, Any] = create_app(SETTINGS).openapi()
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]
ROW_BY_ROW = ("/batch", "/suggestions/accept", "/ignore", "/restore")
PROBLEM_FIELDS = {"type", "title", "status", "detail", "code", "request_id", "errors"}


@dataclass(frozen=True, slots=True)
class Operation:
    method: str
    path: str
    spec: dict[str, Any]

    @override
    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def names(self) -> list[str]:
        return re.findall(r"{(\w+)}", self.path)

    @property
    def resource(self) -> str:
        tag: str = self.spec["tags"][0]
        return tag

    @property
    def media(self) -> dict[str, Any]:
        content: dict[str, Any] = self.spec.get("requestBody", {}).get("content", {})
        return content

    @property
    def json(self) -> Any:  # noqa: ANN401  JSON is anything
        return self.media.get("application/json", {}).get("example")

    def url(self, ids: dict[str, str]) -> str:
        return re.sub(r"{(\w+)}", lambda name: ids[name[1]], self.path)

    def query(self) -> list[dict[str, Any]]:
        return [each for each in self.spec.get("parameters", []) if each["in"] == "query"]


def operations() -> Iterator[Operation]:
    for path, item in DOCUMENT["paths"].items():
        for method, spec in item.items():
            yield Operation(method.upper(), path, spec)


ALL = list(operations())
PROVIDERS = {"institution_id", "event_type"}
"""Names that are the provider's or ours, the same for every tenant."""
WITH_ID = [each for each in ALL if set(each.names) - PROVIDERS]
POSTS = [each for each in ALL if each.method == "POST"]
WITH_JSON = [each for each in ALL if "application/json" in each.media]
every = pytest.mark.parametrize("operation", ALL, ids=str)
pytestmark = pytest.mark.usefixtures("nothing_blocks")


async def call(
    client: httpx.AsyncClient,
    operation: Operation,
    ids: dict[str, str],
    **options: Any,  # noqa: ANN401  httpx's own
) -> httpx.Response:
    """Send the documented example."""
    if "json" not in options and "content" not in options and operation.json is not None:
        options["json"] = operation.json
    if "multipart/form-data" in operation.media and "content" not in options:
        options.setdefault("files", {"file": ("statement.xml", STATEMENT)})
    required = {each["name"]: _sample(each) for each in operation.query() if each.get("required")}
    params = {**required, **options.pop("params", {})}
    return await client.request(operation.method, operation.url(ids), params=params, **options)


def _sample(parameter: dict[str, Any]) -> str:
    schema = parameter["schema"]
    return str(parameter.get("example") or (schema.get("examples") or ["GB"])[0])


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = answer.json()
    assert set(found) == PROBLEM_FIELDS
    assert found["status"] == status
    assert found["request_id"] == answer.headers["x-request-id"]
    return found


@pytest.fixture(scope="module")
async def world(app: FastAPI) -> World:
    """One object of every kind, and the tenant that owns them."""
    return await make_world(app)


def unknown(operation: Operation) -> dict[str, str]:
    return {
        name: "NO_SUCH_THING" if name in PROVIDERS else public_id(World.prefix(name), new_id())
        for name in operation.names
    }


@every
async def test_wants_a_key(
    operation: Operation, anonymous: httpx.AsyncClient, world: World
) -> None:
    for headers in ({}, {"X-API-Key": "nonsense"}, {"Authorization": "Bearer nonsense"}):
        answer = await call(anonymous, operation, world.ids, headers=headers)
        assert problem(answer, 401)["code"] == "unauthenticated"
        assert answer.headers["www-authenticate"]


@every
async def test_wants_the_resources_scope(operation: Operation, app: FastAPI, world: World) -> None:
    other = "events" if operation.resource != "events" else "invoices"
    poor = await make_someone(app, scopes=[f"{other}:read", f"{other}:write"])
    async with poor.client:
        answer = await call(poor.client, operation, unknown(operation))

    assert problem(answer, 403)["code"] == "insufficient_scope"


@every
async def test_is_limited_and_says_so(operation: Operation, app: FastAPI, world: World) -> None:
    hasty = await make_someone(app, per_minute=2)
    async with hasty.client:
        answers = [await call(hasty.client, operation, unknown(operation)) for _ in range(3)]

    assert [each.headers["x-rate-limit-remaining"] for each in answers] == ["1", "0", "0"]
    assert answers[0].headers["x-rate-limit-limit"] == "2"
    assert int(answers[0].headers["x-rate-limit-reset"]) > 0
    assert problem(answers[2], 429)["code"] == "rate_limited"
    assert int(answers[2].headers["retry-after"]) >= 1


@every
async def test_refuses_an_unknown_query_parameter(operation: Operation, world: World) -> None:
    answer = await call(world.owner.client, operation, world.ids, params={"no_such_thing": "1"})

    assert problem(answer, 422)["errors"][0]["pointer"] == "/no_such_thing"


@pytest.mark.parametrize("operation", WITH_ID, ids=str)
async def test_foreign_unknown_and_malformed_ids_look_the_same(
    operation: Operation, stranger: Someone, world: World
) -> None:
    malformed = dict.fromkeys(operation.names, "not-an-id")
    bodies = []
    for ids in (world.ids, unknown(operation), malformed):
        found = problem(await call(stranger.client, operation, ids), 404)
        bodies.append({**found, "request_id": None})

    assert bodies[0] == bodies[1] == bodies[2]
    incidents = await world.incidents()
    assert {world.ids[name] for name in operation.names} <= set(incidents)


@every
async def test_a_foreign_id_in_a_filter_finds_nothing(
    operation: Operation, stranger: Someone, world: World
) -> None:
    for parameter in operation.query():
        prefix = World.prefix_of(parameter["schema"])
        if prefix is None or operation.method != "GET":
            continue
        foreign = world.by_prefix(prefix)
        answer = await call(stranger.client, operation, {}, params={parameter["name"]: foreign})
        assert answer.status_code == 200, answer.text
        assert answer.json().get("data", []) == []
        assert foreign in await world.incidents()


@pytest.mark.parametrize("operation", WITH_JSON, ids=str)
async def test_a_foreign_id_in_a_body_is_refused_and_changes_nothing(
    operation: Operation, stranger: Someone, world: World
) -> None:
    """The document's own example, with one id after the other replaced by a foreign one."""
    schema = operation.media["application/json"]["schema"]
    for steps, prefix in _id_places(schema, operation.json):
        body = _replaced(operation.json, steps, world.by_prefix(prefix))
        ids = await world.stranger_ids(stranger, operation.names)
        answer = await call(stranger.client, operation, ids, json=body)
        if operation.path.endswith(ROW_BY_ROW):
            assert answer.status_code == 200, answer.text
            assert {row["status"] for row in answer.json()["results"]} == {"error"}
        else:
            problem(answer, 422)
            assert world.by_prefix(prefix) not in json.dumps(answer.json())
        assert world.by_prefix(prefix) in await world.incidents()


@pytest.mark.parametrize("path", ["import", "import/preview"])
async def test_a_foreign_account_in_an_import_is_refused(
    path: str, stranger: Someone, world: World
) -> None:
    answer = await stranger.client.post(
        f"/api/v1/transactions/{path}",
        data={"account_id": world.ids["account_id"]},
        files={"file": ("statement.xml", STATEMENT)},
    )

    assert problem(answer, 422)["errors"][0]["pointer"] == "/account_id"
    assert world.ids["account_id"] in await world.incidents()


async def test_a_file_that_is_refused_is_not_looked_through_for_ids(
    stranger: Someone, world: World
) -> None:
    """Twenty megabytes of anything: to search them would stop all other requests for seconds."""
    made = await world.owner.client.post("/api/v1/api_keys", json={"name": "named in a file"})
    named = made.json()["id"]
    answer = await stranger.client.post(
        "/api/v1/transactions/import",
        data={"account_id": world.ids["account_id"]},
        files={"file": ("statement.xml", named.encode())},
    )

    assert answer.status_code == 422
    assert named not in await world.incidents()


def _id_places(schema: dict[str, Any], example: object) -> Iterator[tuple[list[Any], str]]:
    """Return the places of ids in a body's example: the steps to each, and its prefix."""
    if "$ref" in schema:
        schema = SCHEMAS[schema["$ref"].rpartition("/")[2]]
    if prefix := World.prefix_of(schema):
        yield [], prefix
        return
    for choice in schema.get("anyOf", []):
        yield from _id_places(choice, example)
    for step, inner, part in _parts(schema, example):
        for steps, prefix in _id_places(inner, part):
            yield [step, *steps], prefix


def _parts(
    schema: dict[str, Any], example: object
) -> Iterator[tuple[str | int, dict[str, Any], object]]:
    if isinstance(example, dict):
        for name, inner in schema.get("properties", {}).items():
            if name in example:
                yield name, inner, example[name]
    if isinstance(example, list) and example:
        yield 0, schema.get("items", {}), example[0]


def _replaced(body: Any, steps: list[Any], value: str) -> Any:  # noqa: ANN401  JSON is anything
    copy = json.loads(json.dumps(body))
    if not steps:
        return value
    place = copy
    for step in steps[:-1]:
        place = place[step]
    place[steps[-1]] = value
    return copy


@pytest.mark.parametrize("operation", WITH_JSON, ids=str)
async def test_bad_bodies_are_named(operation: Operation, world: World) -> None:
    client, json_type = world.owner.client, {"Content-Type": "application/json"}
    ids = world.ids
    refused: list[tuple[int, dict[str, Any]]] = [
        (400, {"content": b"{", "headers": json_type}),
        (400, {"content": b'{"amount": NaN}', "headers": json_type}),
        (413, {"content": b" " * (1024 * 1024 + 1), "headers": json_type}),
        (415, {"content": b"a=b", "headers": {"Content-Type": "text/plain"}}),
        (422, {"json": []}),
        (422, {"json": {"no_such_field": 1}}),
        (422, {"json": None}),
    ]
    for status, options in refused:
        found = problem(await call(client, operation, ids, **options), status)
        assert status != 422 or found["errors"]


@pytest.mark.parametrize("operation", POSTS, ids=str)
async def test_an_idempotency_key_acts_once(operation: Operation, world: World) -> None:
    client, header = world.owner.client, {"Idempotency-Key": f"walk-{operation}".replace(" ", "-")}
    first = await call(client, operation, world.ids, headers=header)
    again = await call(client, operation, world.ids, headers=header)
    assert (first.status_code, first.content) == (again.status_code, again.content) or (
        first.status_code == 422 and "idempotent-replayed" not in again.headers
    )
    if first.is_success:
        assert again.headers["idempotent-replayed"] == "true"
        other = await call(client, operation, world.ids, headers=header, params={"limit": "1"})
        assert other.status_code == 422
    unfit = await call(client, operation, world.ids, headers={"Idempotency-Key": "a b"})
    assert problem(unfit, 422)["errors"][0]["pointer"] == "/Idempotency-Key"


@every
def test_is_documented(operation: Operation) -> None:
    spec = operation.spec
    assert spec["summary"]
    assert len(spec["summary"]) < 90
    assert spec["description"]
    assert {"401", "403", "429"} <= set(spec["responses"])
    for response in spec["responses"].values():
        assert response["description"]
        for media in response.get("content", {}).values():
            assert "example" in media
    for parameter in operation.query():
        assert parameter.get("description"), parameter["name"]


@pytest.mark.parametrize("path", [*DOCUMENT["paths"]])
async def test_a_method_that_is_not_there_is_answered_by_those_that_are(
    path: str, world: World
) -> None:
    url = re.sub(r"{(\w+)}", lambda name: world.ids[name[1]], path)

    answer = await world.owner.client.request("PATCH", url)

    assert problem(answer, 405)["code"] == "method_not_allowed"
    assert set(answer.headers["allow"].split(", ")) == {m.upper() for m in DOCUMENT["paths"][path]}
