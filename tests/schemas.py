"""JSON held to a JSON Schema, fields that it does not declare refused."""

from collections.abc import Callable, Mapping
from typing import Any

import jsonschema_rs
import orjson

Judge = Callable[[str | bytes], list[str]]


def faults(schema: Mapping[str, Any], text: str | bytes) -> list[str]:
    """Return what the schema does not allow, each with its place."""
    return judge(schema)(text)


def judge(schema: Mapping[str, Any]) -> Judge:
    """Return the same for many texts: a schema is compiled once."""
    validator = jsonschema_rs.validator_for(_closed(schema), validate_formats=True)

    def found(text: str | bytes) -> list[str]:
        errors = validator.iter_errors(orjson.loads(text))
        return [f"{'/'.join(map(str, each.instance_path))}: {each.message}" for each in errors]

    return found


def _closed(part: Any) -> Any:  # noqa: ANN401  JSON is anything
    """Return the schema with `additionalProperties: false` wherever properties are declared."""
    if isinstance(part, list):
        return [_closed(each) for each in part]
    if not isinstance(part, Mapping):
        return part
    closed = {name: _closed(inner) for name, inner in part.items()}
    if isinstance(part.get("properties"), Mapping):
        closed["additionalProperties"] = False
    return closed
