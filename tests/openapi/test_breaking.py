import copy
import importlib.util
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.conftest import ROOT

Json = dict[str, Any]
spec = importlib.util.spec_from_file_location("breaking", ROOT / "openapi" / "breaking.py")
assert spec
assert spec.loader
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
breaking: Callable[[Json, Json], Iterator[str]] = module.breaking

OLD: Json = {
    "paths": {
        "/things": {
            "post": {
                "parameters": [{"in": "query", "name": "q", "schema": {"type": "string"}}],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/c/In"}}}},
                "responses": {
                    "201": {"content": {"application/json": {"schema": {"$ref": "#/c/Out"}}}}
                },
            }
        }
    },
    "webhooks": {
        "thing.made": {
            "post": {
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/c/Sent"}}}},
            }
        }
    },
    "components": {
        "schemas": {
            "Sent": {
                "type": "object",
                "required": ["id"],
                "properties": {"id": {"type": "string"}, "data": {"type": "object"}},
            },
            "In": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": {"type": "string"},
                    "kind": {"type": "string", "enum": ["a", "b"]},
                },
            },
            "Out": {
                "type": "object",
                "properties": {
                    "id": {"type": "string"},
                    "note": {"type": "string"},
                    "later": {"type": "null"},
                },
            },
        }
    },
}


def changed(change: Callable[[Json], object]) -> list[str]:
    new = copy.deepcopy(OLD)
    change(new)
    return list(breaking(OLD, new))


def operation(document: Json) -> Json:
    found: Json = document["paths"]["/things"]["post"]
    return found


def schema(document: Json, name: str) -> Json:
    found: Json = document["components"]["schemas"][name]
    return found


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda new: new["paths"].pop("/things"), "is gone"),
        (lambda new: operation(new)["parameters"].clear(), "q is gone"),
        (lambda new: operation(new)["parameters"][0].update(required=True), "became required"),
        (lambda new: schema(new, "In")["required"].append("kind"), "kind became required"),
        (lambda new: schema(new, "In")["properties"].pop("kind"), "kind is gone"),
        (lambda new: schema(new, "In")["properties"]["kind"]["enum"].pop(), "no longer takes 'b'"),
        (lambda new: schema(new, "In")["properties"]["name"].update(type="integer"), "took string"),
        (lambda new: schema(new, "Out")["properties"].pop("note"), "note is gone"),
        (
            lambda new: schema(new, "Out")["properties"]["note"].update(type=["string", "null"]),
            "was string",
        ),
        (lambda new: schema(new, "Out")["properties"]["later"].update(type="string"), "was null"),
        (lambda new: operation(new)["responses"].clear(), "no longer answers 201"),
        (lambda new: new["webhooks"].pop("thing.made"), "thing.made: is gone"),
        (lambda new: schema(new, "Sent")["properties"].pop("id"), "thing.made: id is gone"),
    ],
)
def test_names_what_breaks_a_client(change: Callable[[Json], object], said: str) -> None:
    (line,) = changed(change)

    assert said in line


@pytest.mark.parametrize(
    "change",
    [
        lambda new: new["paths"].update({"/more": {"get": {"responses": {}}}}),
        lambda new: schema(new, "In")["properties"].update(more={"type": "string"}),
        lambda new: schema(new, "In")["required"].clear(),
        lambda new: schema(new, "In")["properties"]["kind"]["enum"].append("c"),
        lambda new: schema(new, "In")["properties"]["name"].update(type=["string", "null"]),
        lambda new: schema(new, "Sent")["properties"].update(more={"type": "string"}),
        lambda new: new["webhooks"].update({"thing.lost": {"post": {}}}),
        lambda new: schema(new, "Out")["properties"].update(more={"type": "string"}),
        lambda new: schema(new, "Out")["properties"]["later"].update(type=["string", "null"]),
    ],
)
def test_lets_additions_pass(change: Callable[[Json], object]) -> None:
    assert changed(change) == []
