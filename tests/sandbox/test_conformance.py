"""Every answer of the sandbox is one that the provider's own specification allows.

The specification gives one schema for all errors, `{summary, detail, status_code}`, and examples
that break it: keyed by field, or the account itself. So an error conforms when it has the shape and
the wording of the example of its name; success answers are held against their schemas.
"""

import json
import os
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft4Validator

from payymo_api.sandbox.app import SECRET_ID, SECRET_KEY
from payymo_api.sandbox.gocardless.refusals import CATALOGUE, render

FOLDER = os.environ.get("PAYYMO_CONFORMANCE_DATA")
pytestmark = pytest.mark.skipif(FOLDER is None, reason="PAYYMO_CONFORMANCE_DATA is not set")

# Names of ours where the specification uses one name for two bodies.
SPLIT = {"InvalidAccountID": "InvalidID", "AgreementInstitutionErrors": "AgreementFieldErrors"}
UNSPOKEN = re.compile(
    r"\$\{?[A-Z_]+\}?|<\w+>|[0-9a-f]{8}-[0-9a-f-]{20,27}"
    r"|\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d\.\d+)?|[A-Z0-9]+_[A-Z]{4}[A-Z0-9]+|\bGBA\b|\b(90|180)\b"
)


def _specification() -> dict[str, Any]:
    if FOLDER is None:
        return {"paths": {}, "components": {"schemas": {}}}
    path = Path(FOLDER) / "wire/gc-bad/gocardless-bad-swagger.json"
    return dict(_nullable(json.loads(path.read_text())))


def _nullable(node: Any) -> Any:  # noqa: ANN401  any JSON
    """OpenAPI 3.0's `nullable` in JSON Schema's words."""
    if isinstance(node, list):
        return [_nullable(item) for item in node]
    if not isinstance(node, dict):
        return node
    node = {key: _nullable(value) for key, value in node.items()}
    if node.get("nullable") is True and isinstance(node.get("type"), str):
        node["type"] = [node["type"], "null"]
    return node


SPECIFICATION = _specification()


def _operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, operations in SPECIFICATION["paths"].items():
        for method, operation in operations.items():
            if method != "parameters":
                yield method.upper(), path, operation


def _examples() -> list[tuple[str, int, Any]]:
    """Every example of an error: its name, status and body, once."""
    found = {}
    for _, _, operation in _operations():
        for status, response in operation["responses"].items():
            for content in response.get("content", {}).values():
                for name, example in content.get("examples", {}).items():
                    if int(status) >= 400:
                        key = (name, int(status), json.dumps(example["value"]))
                        found[key] = (name, int(status), example["value"])
    return list(found.values())


def check(answer: httpx.Response) -> httpx.Response:
    """Hold an answer against the schema of its operation and status."""
    path = answer.request.url.path
    for method, template, operation in _operations():
        pattern = re.sub(r"\{\w+\}", "[^/]+", template)
        if method == answer.request.method and re.fullmatch(pattern, path):
            content = operation["responses"][str(answer.status_code)]["content"]
            schema = {**content["application/json"]["schema"], **_components()}
            Draft4Validator(schema, format_checker=Draft4Validator.FORMAT_CHECKER).validate(
                answer.json()
            )
            return answer
    raise AssertionError(f"the specification has no {answer.request.method} {path}")


def _components() -> dict[str, Any]:
    return {"components": SPECIFICATION["components"]}


@pytest.fixture
async def api(control: httpx.AsyncClient, sandbox_url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"{sandbox_url}/api/v2") as api:
        secret = {"secret_id": SECRET_ID, "secret_key": SECRET_KEY}
        tokens = check(await api.post("/token/new/", json=secret)).json()
        check(await api.post("/token/refresh/", json={"refresh": tokens["refresh"]}))
        api.headers["Authorization"] = f"Bearer {tokens['access']}"
        yield api


async def test_every_success_answer_fits_its_schema(
    api: httpx.AsyncClient, control: httpx.AsyncClient
) -> None:
    bank = "ALBION_ALBNGB2L"
    check(await api.get("/institutions/", params={"country": "gb"}))
    check(await api.get(f"/institutions/{bank}/"))
    terms = {"institution_id": bank, "access_valid_for_days": 180, "reconfirmation": True}
    agreement = check(await api.post("/agreements/enduser/", json=terms)).json()["id"]
    asked = {"redirect": "https://x.example/", "institution_id": bank, "agreement": agreement}
    requisition = check(await api.post("/requisitions/", json=asked)).json()
    check(await api.get(f"/agreements/enduser/{agreement}/"))
    await control.post(requisition["link"], data={"approve": "1"})
    check(await api.get(f"/agreements/enduser/{agreement}/"))
    check(await api.get("/agreements/enduser/", params={"limit": 1}))
    check(await api.post(f"/agreements/enduser/{agreement}/reconfirm/", json={}))
    check(await api.get(f"/agreements/enduser/{agreement}/reconfirm/"))
    check(await api.get("/requisitions/", params={"limit": 1}))
    told = check(await api.get(f"/requisitions/{requisition['id']}/")).json()
    assert len(told["accounts"]) == 2
    for part in ("", "balances/", "details/", "transactions/"):
        check(await api.get(f"/accounts/{told['accounts'][0]}/{part}"))
    check(await api.delete(f"/requisitions/{requisition['id']}/"))


async def test_an_accepted_agreement_is_deleted_as_specified(
    api: httpx.AsyncClient, control: httpx.AsyncClient
) -> None:
    asked = {"redirect": "https://x.example/", "institution_id": "KURZBANK_KRZBATWW"}
    requisition = check(await api.post("/requisitions/", json=asked)).json()
    await control.post(requisition["link"], data={"approve": "1"})
    check(await api.delete(f"/agreements/enduser/{requisition['agreement']}/"))


def test_the_catalogue_has_every_error_of_the_specification_and_no_other() -> None:
    specified = {name for name, _, _ in _examples()}
    assert {SPLIT.get(name, name) for name in CATALOGUE} == specified


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_an_error_body_has_the_shape_and_wording_of_its_example(name: str) -> None:
    status, body = render(name)
    examples = [
        example
        for example_name, example_status, example in _examples()
        if example_name == SPLIT.get(name, name) and example_status == status
    ]
    assert any(_alike(body, example) for example in examples), (body, examples)


def _alike(body: Any, example: Any) -> bool:  # noqa: ANN401  any JSON
    """Same keys, types and order of faults, and the same words but for what is filled in."""
    if isinstance(example, dict):
        return (
            isinstance(body, dict)
            and body.keys() == example.keys()
            and all(_alike(body[key], example[key]) for key in example)
        )
    if isinstance(example, list):
        return (
            isinstance(body, list) and len(body) == len(example) and all(map(_alike, body, example))
        )
    if isinstance(example, str):
        return isinstance(body, str) and _wording(example).fullmatch(body) is not None
    return type(body) is type(example) and body == example


def _wording(example: str) -> re.Pattern[str]:
    if example == "string":
        return re.compile(".+")
    words = UNSPOKEN.sub("\0", example)
    return re.compile(re.escape(words).replace("\0", ".+"))


@pytest.mark.parametrize(
    ("method", "path", "body", "name"),
    [
        ("GET", "/institutions/?country=GBA", None, "NotAValidChoice"),
        ("GET", "/institutions/?colour=red", None, "UnknownFields"),
        ("GET", "/institutions/NONE/", None, "NotFoundError"),
        ("GET", "/requisitions/7/", None, "InvalidID"),
        ("GET", "/accounts/7/balances/", None, "InvalidAccountID"),
        (
            "GET",
            "/accounts/3fa85f64-5717-4562-b3fc-2c963f66afa6/balances/",
            None,
            "AccountNotFoundError",
        ),
        ("POST", "/agreements/enduser/", {"institution_id": "X"}, "InstitutionFieldErrors"),
        ("POST", "/requisitions/", {}, "FieldsRequired"),
        ("POST", "/requisitions/", {"surplus": 1}, "UnknownFields"),
    ],
)
async def test_what_is_refused_over_http_is_the_catalogues_body(
    api: httpx.AsyncClient, method: str, path: str, body: dict[str, Any] | None, name: str
) -> None:
    answer = await api.request(method, path, json=body)
    status, example = render(name)
    assert answer.status_code == status
    assert answer.json().keys() == example.keys()
    if "summary" in example:
        check(answer)
