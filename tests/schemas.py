"""JSON held to a JSON Schema, fields that it does not declare refused."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import jsonschema_rs
import orjson


def faults(schema: Mapping[str, Any], text: str | bytes) -> list[str]:
    """Return what the schema does not allow, each with its place."""
    found = _validator(orjson.dumps(_closed(schema))).iter_errors(orjson.loads(text))
    return [f"{'/'.join(map(str, each.instance_path))}: {each.message}" for each in found]


@cache
def _validator(schema: bytes) -> Any:  # noqa: ANN401  one of the library's, by draft
    return jsonschema_rs.validator_for(orjson.loads(schema), validate_formats=True)


def _closed(part: Any) -> Any:  # noqa: ANN401  JSON is anything
    """Return the schema with `additionalProperties: false` wherever properties are declared."""
    if isinstance(part, list):
        return [_closed(each) for each in part]
    if not isinstance(part, dict):
        return part
    closed = {name: _closed(inner) for name, inner in part.items()}
    return (
        closed | {"additionalProperties": False}
        if isinstance(part.get("properties"), dict)
        else closed
    )
