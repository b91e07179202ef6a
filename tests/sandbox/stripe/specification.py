"""The API's specification, derived from the official SDK's types, as a judge of answers."""

import gzip
import json
import os
import re
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

FOLDER = os.environ.get("PAYYMO_CONFORMANCE_DATA")
needs_specification = pytest.mark.skipif(
    FOLDER is None, reason="PAYYMO_CONFORMANCE_DATA is not set"
)
_FILE = "wire/stripe/stripe-api-2026-10-28-from-sdk16.1.0.openapi.json.gz"


@cache
def specification() -> dict[str, Any]:
    with gzip.open(Path(FOLDER or "") / _FILE) as file:
        return dict(_strict(json.load(file)))


def _strict(node: Any) -> Any:  # noqa: ANN401  any JSON
    """`nullable` in JSON Schema's words; known values and fields are the only ones."""
    if isinstance(node, list):
        return [_strict(item) for item in node]
    if not isinstance(node, dict):
        return node
    node = {key: _strict(value) for key, value in node.items()}
    if known := node.pop("x-known-values", None):
        node["enum"] = known
    if "properties" in node:
        node.setdefault("additionalProperties", False)
    if node.pop("nullable", False) is True:
        return {"anyOf": [node, {"type": "null"}]}
    return node


@cache
def _schema(method: str, path: str, status: int) -> dict[str, Any]:
    operation = specification()["paths"][path][method.lower()]
    response = operation["responses"].get(str(status)) or operation["responses"]["default"]
    return dict(response["content"]["application/json"]["schema"])


@cache
def template(path: str, method: str) -> str:
    """The specification's path for a concrete one; the one with fewest variables."""
    found = [
        known
        for known, operations in specification()["paths"].items()
        if method.lower() in operations and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", known), path)
    ]
    return str(min(found, key=lambda known: known.count("{")))


def check(answer: httpx.Response) -> str:
    """Hold an answer against the schema of its operation and status; return the path's template."""
    method, path = answer.request.method, answer.request.url.path
    known = template(path, method)
    told = answer.json()
    if told.get("deleted"):  # the SDK has one class for an object and for what is left of it
        assert told.keys() == {"id", "object", "deleted"}
        return known
    judge(told, _schema(method, known, answer.status_code), f"{method} {path}")
    return known


def check_object(wire: dict[str, Any]) -> None:
    judge(wire, {"$ref": f"#/components/schemas/{wire['object']}"}, wire["object"])


def judge(value: Any, schema: dict[str, Any], where: str) -> None:  # noqa: ANN401  any JSON
    whole = {**schema, "components": specification()["components"]}
    faults = list(Draft202012Validator(whole).iter_errors(value))
    assert not faults, "\n".join(
        f"{where} {each.json_path}: {each.message[:200]}" for each in faults
    )
