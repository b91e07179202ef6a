"""The one translation from errors to HTTP: application/problem+json (RFC 9457)."""

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as StarletteHTTPException

from payymo_api.core import errors, log
from payymo_api.core.errors import FieldError, NotFound, PayymoError, ValidationFailed

MEDIA_TYPE = "application/problem+json"
_log = log.get(__name__)

_BY_STATUS: dict[int, type[PayymoError]] = {
    400: errors.MalformedRequest,
    401: errors.Unauthenticated,
    403: errors.Forbidden,
    404: errors.NotFound,
    405: errors.MethodNotAllowed,
    413: errors.BodyTooLarge,
    415: errors.UnsupportedMediaType,
}


def body(error: PayymoError, *, base_url: str, request_id: str) -> dict[str, Any]:
    return {
        "type": f"{base_url}/errors/{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
        "request_id": request_id,
        "errors": [
            {"pointer": each.pointer, "code": each.code, "detail": each.detail}
            for each in error.errors
        ],
        **error.members,
    }


def response(error: PayymoError, *, base_url: str, request_id: str) -> Response:
    headers = {}
    if error.retry_after is not None:
        headers["Retry-After"] = str(max(error.retry_after, 0))
    if error.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'ApiKey realm="payymo", Bearer realm="payymo"'
    return Response(
        orjson.dumps(body(error, base_url=base_url, request_id=request_id)),
        status_code=error.status,
        media_type=MEDIA_TYPE,
        headers=headers,
    )


def install(app: FastAPI, base_url: str) -> None:
    """Render every error that a route can raise, the framework's own included."""

    def render(request: Request, error: PayymoError) -> Response:
        return response(error, base_url=base_url, request_id=request.state.request_id)

    async def ours(request: Request, error: Exception) -> Response:
        assert isinstance(error, PayymoError)
        if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            _log.warning("request_failed", code=error.code, cause=repr(error.__cause__))
        return render(request, error)

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return render(request, of_validation(error.errors()))

    async def framework(request: Request, error: Exception) -> Response:
        assert isinstance(error, StarletteHTTPException)
        known = _BY_STATUS.get(error.status_code, PayymoError)
        rendered = render(request, known(f"{known.title}."))
        rendered.headers.update(error.headers or {})
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            rendered.headers["Allow"] = allowed(request) or rendered.headers.get("Allow", "")
        return rendered

    app.add_exception_handler(PayymoError, ours)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(StarletteHTTPException, framework)


def allowed(request: Request) -> str:
    """Return all methods of a documented path; each of them is a route of its own.

    One with fewer ids goes first: `/events/erase` looks as if `erase` were one.
    """
    paths = request.app.openapi()["paths"]
    for path in sorted(paths, key=lambda path: path.count("{")):
        if re.fullmatch(re.sub(r"{\w+}", "[^/]+", path), request.url.path):
            return ", ".join(method.upper() for method in paths[path])
    return ""


def of_validation(found: Sequence[Any]) -> PayymoError:
    """Return the error for pydantic's findings: an id in a path that can't be is a 404."""
    places = {each["loc"][0] for each in found if each["loc"]}
    if "path" in places:
        return NotFound("There is no such thing here.")
    if any(each["type"] == "json_invalid" for each in found):
        return errors.MalformedRequest("The body is not valid JSON.")
    fields = [FieldError(pointer(each["loc"]), each["type"], _sentence(each)) for each in found]
    return ValidationFailed(
        fields[0].detail if fields else "The request is invalid.", errors=fields
    )


def pointer(loc: Sequence[str | int]) -> str:
    """Return the JSON pointer (RFC 6901) of a field, without the name of the request's part.

    Pydantic's step to a name that is wrong itself leads nowhere.
    """
    named = loc[1:-1] if loc[-1] == "[key]" else loc[1:]
    steps = [str(step).replace("~", "~0").replace("/", "~1") for step in named]
    return "".join(f"/{step}" for step in steps)


def _sentence(found: dict[str, Any]) -> str:
    """Pydantic's words about the rule; the value that broke it is not repeated."""
    return str(found["msg"]).removeprefix("Value error, ")
