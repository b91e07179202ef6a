"""The OpenAPI document: what FastAPI knows of the routes, and what the contract says of all."""

from collections.abc import Iterator, Mapping
from http import HTTPMethod, HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from payymo_api.core import errors
from payymo_api.core.errors import FieldError, PayymoError
from payymo_api.core.problems import MEDIA_TYPE, body
from payymo_api.edge.paths import names_one

Json = dict[str, Any]
_METHODS: Final = {method.lower() for method in HTTPMethod}
_ANY: Final = (
    errors.MalformedRequest,
    errors.Unauthenticated,
    errors.Forbidden,
    errors.RateLimited,
    errors.PayymoError,
    errors.Overloaded,
)
_REQUEST_ID: Final = "4f6c1c1a9b8e4e0ab1f0c3d2e1f0a9b8"
_PROBLEM: Final[Json] = {
    "type": "object",
    "description": "RFC 9457 problem details; `code` is stable, `detail` is for people.",
    "required": ["type", "title", "status", "detail", "code", "request_id", "errors"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "request_id": {"type": "string"},
        "decline": {
            "type": "object",
            "description": "Of a declined payment: what to show the payer, and what to do next.",
            "additionalProperties": {"type": ["string", "null"]},
        },
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "JSON pointer (RFC 6901)."},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}
_HEADERS: Final[Json] = {
    "X-Request-ID": {"description": "Name it when you ask us.", "schema": {"type": "string"}},
    "X-Rate-Limit-Limit": {"description": "Requests a minute.", "schema": {"type": "integer"}},
    "X-Rate-Limit-Remaining": {"description": "Left just now.", "schema": {"type": "integer"}},
    "X-Rate-Limit-Reset": {
        "description": "When all are there again, in epoch seconds.",
        "schema": {"type": "integer"},
    },
}
_IDEMPOTENCY_KEY: Final[Json] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Repeat a request with the same key and it acts once; kept for 72 hours.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
_IF_NONE_MATCH: Final[Json] = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "ETag of the last read; 304 if nothing changed.",
    "schema": {"type": "string"},
}
_ASK_PROVIDERS: Final = {
    "bank_connections",
    "stripe_connections",
    "stripe_customers",
    "stripe_invoices",
    "stripe_payments",
    "stripe_products",
    "stripe_subscriptions",
}


def install(app: FastAPI, tags: dict[str, str], sent: Mapping[str, Json]) -> None:
    """Serve our document in place of FastAPI's.

    `tags`: resource -> what it is; `sent`: webhook -> a body.
    """

    def document() -> Json:
        if app.openapi_schema is None:
            app.openapi_schema = build(app, tags, sent)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's documented way


def build(app: FastAPI, tags: dict[str, str], sent: Mapping[str, Json]) -> Json:
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=app.description,
        routes=app.routes,
        webhooks=app.webhooks.routes,
        servers=[{"url": "/", "description": "This server."}],
        tags=[{"name": name, "description": text} for name, text in sorted(tags.items())],
        contact={"name": "Payymo", "url": "https://github.com/payymo/payymo"},
        license_info={"name": "MIT", "identifier": "MIT"},
    )
    schemas = document["components"]["schemas"]
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    schemas["Problem"] = _PROBLEM
    document["components"]["headers"] = _HEADERS
    for path, method, operation in _operations(document):
        _complete(path, method, operation)
        _exemplify(operation, schemas)
    for name, sample in sent.items():  # by hand: FastAPI leaves nulls out of what it is given
        content = document["webhooks"][name]["post"]["requestBody"]["content"]
        content["application/json"]["example"] = sample
    whole: Json = _whole_numbers(document)
    return whole


def _whole_numbers(part: Any) -> Any:  # noqa: ANN401  JSON is anything
    """FastAPI's models turn an integer's bounds into floats; turn them back."""
    if isinstance(part, dict):
        return {name: _whole_numbers(inner) for name, inner in part.items()}
    if isinstance(part, list):
        return [_whole_numbers(inner) for inner in part]
    return int(part) if isinstance(part, float) and part.is_integer() else part


def _operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in _METHODS:
                yield path, method, operation


def _complete(path: str, method: str, operation: Json) -> None:
    operation["operationId"] = operation["operationId"].partition("_api_v1_")[0]
    operation.setdefault("description", operation["summary"])
    operation["summary"] = (
        operation["description"].partition("\n")[0].partition(". ")[0].rstrip(".")
    )
    parameters = operation.setdefault("parameters", [])
    if method == "post":
        parameters.append(_IDEMPOTENCY_KEY)
    if method == "get" and names_one(path):
        parameters.append(_IF_NONE_MATCH)
        operation["responses"]["304"] = {"description": "Not changed since that ETag."}
    if not parameters:
        del operation["parameters"]
    for error in _errors(path, method, operation):
        operation["responses"][str(error.status)] = _problem(error)
    for status, response in operation["responses"].items():
        names = [*_HEADERS, "Location"] if status == "201" else _HEADERS
        response["headers"] = {
            name: {"$ref": f"#/components/headers/{name}"} for name in names if name in _HEADERS
        }
        if status == "201":
            response["headers"]["Location"] = {
                "description": "Where it can be read.",
                "schema": {"type": "string"},
            }


def _errors(path: str, method: str, operation: Json) -> Iterator[type[PayymoError]]:
    """Return what may go wrong here; a status may stand for several codes."""
    yield from _ANY
    if "{" in path:
        yield errors.NotFound
    if operation.get("parameters") or "requestBody" in operation:
        yield errors.ValidationFailed
    if method != "get":
        yield errors.Conflict
    if method == "put":
        yield errors.PreconditionFailed
    if operation["tags"][0] in _ASK_PROVIDERS:
        yield errors.ProviderError
        yield errors.ProviderTimeout
    if "requestBody" in operation:
        yield errors.BodyTooLarge
        yield errors.UnsupportedMediaType


def _problem(error: type[PayymoError]) -> Json:
    fields = [FieldError("/amount", "decimals", "EUR has 2 decimals")]
    return problem(
        error(error.title, errors=fields if error.status == HTTPStatus.UNPROCESSABLE_ENTITY else ())
    )


def problem(sample: PayymoError, **members: type[BaseModel]) -> Json:
    """Return the response that answers such an error, for a route's own `responses`.

    `members`: what the problem tells beyond the fields that all have.
    """
    schema: Json = {"$ref": "#/components/schemas/Problem"}
    if members:
        more = {name: model.model_json_schema() for name, model in members.items()}
        schema = {"allOf": [schema], "type": "object", "properties": more}
    return {
        "description": f"{sample.title}. {sample.resolution}",
        "content": {
            MEDIA_TYPE: {
                "schema": schema,
                "example": body(
                    sample, base_url="https://api.payymo.example", request_id=_REQUEST_ID
                ),
            }
        },
    }


def _exemplify(operation: Json, schemas: Json) -> None:
    """Give every body an example made of its fields' own."""
    bodies = [operation["requestBody"]] if "requestBody" in operation else []
    for each in (*bodies, *operation["responses"].values()):
        for media in each.get("content", {}).values():
            if "example" not in media and "examples" not in media:
                media["example"] = example(media["schema"], schemas)


def example(schema: Json, schemas: Json) -> Any:  # noqa: ANN401  JSON is anything
    """Return a value that the schema allows, from `examples`, defaults and types."""
    if "$ref" in schema:
        return example(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    for named in ("example", "const", "default"):
        if schema.get(named) is not None:
            return schema[named]
    if schema.get("examples"):
        return schema["examples"][0]
    if "enum" in schema:
        return schema["enum"][0]
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return example(schema[choice][0], schemas)
    return _by_type(schema, schemas)


_BY_FORMAT: Final = {
    "date": "2026-03-02",
    "date-time": "2026-03-02T09:30:00Z",
    "uri": "https://example.com/",
    "binary": "(the file)",
}


def _by_type(schema: Json, schemas: Json) -> Any:  # noqa: ANN401  JSON is anything
    match schema.get("type"):
        case "object":
            return {
                name: example(inner, schemas)
                for name, inner in schema.get("properties", {}).items()
            }
        case "array":
            return [example(schema["items"], schemas)] if schema.get("items") else []
        case "integer":
            return schema.get("minimum", 1)
        case "string":
            return _BY_FORMAT.get(schema.get("format", ""), "text")
        case kind:
            return {"number": 100.5, "boolean": True}.get(str(kind))
