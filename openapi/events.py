"""What the catalogue of events says, for reading and for trying out.

`python openapi/events.py` writes docs/events.md and a body of each type to examples/events/.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson

from payymo_api.edge import exact
from payymo_api.webhooks.schemas.catalogue import EVENT_TYPES
from payymo_api.webhooks.schemas.catalogue.envelope import sample
from payymo_api.webhooks.schemas.catalogue.event_type import EventType

ROOT = Path(__file__).parents[1]
Json = Mapping[str, Any]
_HEAD = """\
# Events

<!-- Written by `make events` from the catalogue in webhooks/schemas/catalogue. -->

Every event that Payymo sends, with the fields of its `data` and an example. The body around `data`,
signatures and retries are in [webhooks.md](webhooks.md). `GET /api/v1/event_types` says the same
with JSON Schemas, the OpenAPI document in its `webhooks`, and `examples/events/` has a body of each
type to feed your receiver with.

Later versions may add event types, and fields to these: ignore what you don't know. No field goes
away or changes its type. `object` names the field that says what an event is about: an endpoint
with `"ordering": "object"` gets the events of one object in their order.

| event type | when | object | since |
|---|---|---|---|
"""
_FIELDS = "| field | type | meaning |\n|---|---|---|\n"


def page() -> str:
    """Return docs/events.md."""
    described: dict[object, str] = {}
    sections = [_section(each, described) for each in EVENT_TYPES.values()]
    return _HEAD + "".join(map(_row, EVENT_TYPES.values())) + "".join(sections)


def body(type: EventType) -> str:
    """Return a body of this type: JSON to read, amounts with the decimals that are sent."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps(sample(type), default=_exact, option=options).decode()


def _exact(value: Decimal) -> orjson.Fragment:
    return exact.number(format(value, "f"))


def _row(type: EventType) -> str:
    link = f"[`{type.name}`](#{_anchor(type.name)})"
    return f"| {link} | {type.description} | `{type.object}` | {type.since or 'later'} |\n"


def _anchor(heading: str) -> str:
    """As GitHub makes it."""
    return heading.replace(".", "")


def _section(type: EventType, described: dict[object, str]) -> str:
    """Describe a model's fields once, at the first event that has it."""
    first = described.setdefault(type.data, type.name)
    fields = f"Fields as of [`{first}`](#{_anchor(first)}).\n"
    if first == type.name:
        fields = _FIELDS + "".join(_lines(type.schema, type.schema.get("$defs", {}), ""))
    return f"\n## {type.name}\n\n{type.description}\n\n{fields}\n```json\n{body(type)}```\n"


def _lines(schema: Json, models: Json, inside: str) -> Iterator[str]:
    for name, field in schema["properties"].items():
        place, kind = f"{inside}{name}", _resolved(field, models)
        meaning = field.get("description", kind.get("description", "")).replace("|", "\\|")
        yield f"| `{place}` | {_kind(field, models)} | {meaning} |\n"
        item = _resolved(kind.get("items", {}), models)
        if "properties" in kind:
            yield from _lines(kind, models, f"{place}.")
        elif "properties" in item:
            yield from _lines(item, models, f"{place}[].")


def _resolved(schema: Json, models: Json) -> Json:
    """Follow a $ref; take the first choice of a nullable one."""
    if "$ref" in schema:
        found: Json = models[schema["$ref"].rpartition("/")[2]]
        return found
    return _resolved(schema["anyOf"][0], models) if "anyOf" in schema else schema


def _kind(schema: Json, models: Json) -> str:
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_kind(each, models) for each in schema["anyOf"]))
    kind = _resolved(schema, models)
    if "const" in kind or "enum" in kind:
        return ", ".join(f"`{each}`" for each in kind.get("enum", [kind.get("const")]))
    if "x-extensible-enum" in kind:
        return ", ".join(f"`{each}`" for each in kind["x-extensible-enum"]) + " or another"
    if kind.get("pattern", "").endswith("{26}$"):
        return f"id `{kind['pattern'][1:].partition('_')[0]}_…`"
    if kind.get("type") == "array":
        return f"list of {_kind(kind['items'], models)}"
    types = kind.get("type", "any")
    return str(kind.get("format") or (types if isinstance(types, str) else " or ".join(types)))


def main() -> None:
    (ROOT / "docs" / "events.md").write_text(page(), encoding="utf-8")
    folder = ROOT / "examples" / "events"
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.json"):
        old.unlink()
    for type in EVENT_TYPES.values():
        (folder / f"{type.name}.json").write_text(body(type), encoding="utf-8")


if __name__ == "__main__":
    main()
