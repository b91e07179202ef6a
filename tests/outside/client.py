"""A client that knows nothing of Payymo but the document at /openapi.json.

It sends only what the document describes, and takes only answers that the document describes.
"""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

_DOCUMENT = "urn:openapi"


@dataclass(frozen=True, slots=True)
class Outsider:
    """`document` as it was read from the service; `http` carries the key."""

    document: dict[str, Any]
    http: httpx.Client

    @classmethod
    def at(cls, base_url: str, key: str) -> "Outsider":
        http = httpx.Client(
            base_url=base_url, headers={"X-API-Key": key}, timeout=30, trust_env=False
        )
        return cls(http.get("/openapi.json").raise_for_status().json(), http)

    def call(
        self,
        operation_id: str,
        body: object = None,
        *,
        query: dict[str, str] | None = None,
        form: dict[str, Any] | None = None,
        **path: str,
    ) -> Any:  # noqa: ANN401  JSON is anything
        """Call an operation by its id and return what its 2xx answer holds."""
        method, template, operation = self._operation(operation_id)
        if body is not None:
            self._valid(body, operation["requestBody"]["content"]["application/json"]["schema"])
        headers = {"Idempotency-Key": uuid4().hex} if method == "post" else {}
        response = self.http.request(
            method,
            template.format(**path),
            headers=headers,
            params=query,
            json=body,
            **(form or {}),
        )
        return self._answer(operation, response)

    def every(self, operation_id: str, **query: str) -> list[Any]:
        """Follow `next_cursor` through a list."""
        page = self.call(operation_id, query=query)
        rows: list[Any] = page["data"]
        while page["has_more"]:
            page = self.call(operation_id, query=query | {"cursor": page["next_cursor"]})
            rows += page["data"]
        return rows

    def _operation(self, operation_id: str) -> tuple[str, str, dict[str, Any]]:
        for template, item in self.document["paths"].items():
            for method, operation in item.items():
                if operation["operationId"] == operation_id:
                    return method, template, operation
        raise AssertionError(f"the document has no operation {operation_id}")

    def _answer(self, operation: dict[str, Any], response: httpx.Response) -> Any:  # noqa: ANN401  any JSON value
        assert response.is_success, f"{response.request.url}: {response.text}"
        described = operation["responses"][str(response.status_code)]
        if "content" not in described:
            assert not response.content
            return None
        media_type = response.headers["content-type"].partition(";")[0]
        found = response.json()
        self._valid(found, described["content"][media_type]["schema"])
        return found

    def _valid(self, found: object, schema: dict[str, Any]) -> None:
        """Check against a schema of the document, whose `$ref`s point into it."""
        whole = Resource.from_contents(self.document, default_specification=DRAFT202012)
        registry: Registry[Any] = Registry().with_resource(_DOCUMENT, whole)
        Draft202012Validator(
            _absolute(schema), registry=registry, format_checker=FormatChecker()
        ).validate(found)


def _absolute(schema: Any) -> Any:  # noqa: ANN401  JSON is anything
    """Let every `$ref` name the document, wherever the schema stands."""
    if isinstance(schema, dict):
        return {
            name: f"{_DOCUMENT}{value}" if name == "$ref" else _absolute(value)
            for name, value in schema.items()
        }
    return [_absolute(each) for each in schema] if isinstance(schema, list) else schema
