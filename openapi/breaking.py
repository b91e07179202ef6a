"""Which changes of an OpenAPI document break a client that worked before.

`python openapi/breaking.py OLD NEW` prints each on a line and exits with 1 if there is any. No kept
tool of the registries reads OpenAPI 3.1; this knows what v1 promises: requests that were accepted
still are, answers keep the fields and types they had. Clients must take new fields and new values.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Json = dict[str, Any]


def breaking(old: Json, new: Json) -> Iterator[str]:
    """Yield a sentence for each change that breaks."""
    for path, item in old["paths"].items():
        for method, before in item.items():
            after = new["paths"].get(path, {}).get(method)
            place = f"{method.upper()} {path}"
            if after is None:
                yield f"{place}: is gone"
            else:
                yield from _operation(place, before, after, (old, new))
    for name, item in old.get("webhooks", {}).items():
        place, sent = f"webhook {name}", new.get("webhooks", {}).get(name)
        if sent is None:
            yield f"{place}: is gone"
        else:
            yield from _sent(place, item["post"], sent["post"], (old, new))


def _sent(place: str, old: Json, new: Json, documents: tuple[Json, Json]) -> Iterator[str]:
    """A body that we send is to its receiver what an answer is."""
    after = _media(new["requestBody"])
    for kind, schema in _media(old["requestBody"]).items():
        if kind not in after:
            yield f"{place}: no longer {kind}"
        else:
            yield from _answer(place, schema, after[kind], documents)


def _operation(place: str, old: Json, new: Json, documents: tuple[Json, Json]) -> Iterator[str]:
    yield from _parameters(place, old, new, documents)
    sent, asked = _media(old.get("requestBody")), _media(new.get("requestBody"))
    for kind, schema in sent.items():
        if kind not in asked:
            yield f"{place}: no longer takes {kind}"
        else:
            yield from _request(f"{place} body", schema, asked[kind], documents)
    for status, response in old["responses"].items():
        answered = new["responses"].get(status)
        if answered is None and status.startswith("2"):
            yield f"{place}: no longer answers {status}"
        for kind, schema in _media(response).items() if answered else ():
            after = _media(answered).get(kind)
            if after is None:
                yield f"{place} {status}: no longer {kind}"
            else:
                yield from _answer(f"{place} {status}", schema, after, documents)


def _parameters(place: str, old: Json, new: Json, documents: tuple[Json, Json]) -> Iterator[str]:
    before = {(each["in"], each["name"]): each for each in old.get("parameters", [])}
    after = {(each["in"], each["name"]): each for each in new.get("parameters", [])}
    for key, parameter in before.items():
        if key not in after:
            yield f"{place}: parameter {key[1]} is gone"
        else:
            name = f"{place} parameter {key[1]}"
            yield from _request(name, parameter["schema"], after[key]["schema"], documents)
    for key, parameter in after.items():
        if parameter.get("required") and not before.get(key, {}).get("required"):
            yield f"{place}: parameter {key[1]} became required"


def _request(place: str, old: Json, new: Json, documents: tuple[Json, Json]) -> Iterator[str]:
    """What was accepted must still be."""
    old, new = _resolve(old, documents[0]), _resolve(new, documents[1])
    if not _types(old) <= _types(new):
        yield f"{place}: takes {_said(new)}, took {_said(old)}"
    for value in old.get("enum", []):
        if value not in new.get("enum", [value]):
            yield f"{place}: no longer takes {value!r}"
    for name in sorted(set(new.get("required", [])) - set(old.get("required", []))):
        yield f"{place}: {name} became required"
    for name, schema in old.get("properties", {}).items():
        if name not in new.get("properties", {}):
            yield f"{place}: {name} is gone"
        else:
            yield from _request(f"{place}.{name}", schema, new["properties"][name], documents)


def _answer(place: str, old: Json, new: Json, documents: tuple[Json, Json]) -> Iterator[str]:
    """What was answered must still be there, of a type that was answered before.

    A field that was null and nothing else was kept free for what comes now.
    """
    old, new = _resolve(old, documents[0]), _resolve(new, documents[1])
    if _types(old) == {"null"} <= _types(new):
        return
    if not _types(new) <= _types(old):
        yield f"{place}: is {_said(new)}, was {_said(old)}"
    for name, schema in old.get("properties", {}).items():
        if name not in new.get("properties", {}):
            yield f"{place}: {name} is gone"
        else:
            yield from _answer(f"{place}.{name}", schema, new["properties"][name], documents)
    if "items" in old and "items" in new:
        yield from _answer(f"{place}[]", old["items"], new["items"], documents)


def _resolve(schema: Json, document: Json) -> Json:
    """Follow a $ref; take the first real choice of a nullable one."""
    if "$ref" in schema:
        target: Json = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return _resolve(target, document)
    choices = [each for each in schema.get("anyOf", []) if each.get("type") != "null"]
    if len(choices) == 1:
        inner = _resolve(choices[0], document)
        return {**inner, "type": [*_types(inner), "null"]}
    return schema


def _types(schema: Json) -> set[str]:
    types = schema.get("type", [])
    return {types} if isinstance(types, str) else set(types)


def _said(schema: Json) -> str:
    return " or ".join(sorted(_types(schema))) or "anything"


def _media(body: Json | None) -> dict[str, Json]:
    return {kind: media["schema"] for kind, media in (body or {}).get("content", {}).items()}


if __name__ == "__main__":
    documents = [json.loads(Path(name).read_text(encoding="utf-8")) for name in sys.argv[1:3]]
    found = list(breaking(*documents))
    sys.stdout.writelines(f"breaking: {line}\n" for line in found)
    sys.exit(bool(found))
