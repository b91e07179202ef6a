"""The route class of every router: what the contract says of all routes, done once."""

import inspect
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import wraps
from http import HTTPStatus
from typing import Annotated, Any, cast, get_args
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from payymo_api.core.errors import FieldError, UnsupportedMediaType, ValidationFailed
from payymo_api.core.fields import Listing, PlainListing
from payymo_api.edge import exact, idempotency
from payymo_api.edge.etag import IfMatch, etag, matches
from payymo_api.edge.exact import ExactRequest
from payymo_api.edge.idempotency import Replay
from payymo_api.edge.paths import PrefixedRouter, names_one
from payymo_api.edge.scope import (
    ReadScopeDep,
    WriteScopeDep,
    caller_of,
    open_write_scope,
    permission,
)
from payymo_api.edge.state import parts

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
_SAFE = {"GET", "HEAD"}
MAX_FILE = 20 * 1024 * 1024
"""Bytes of a form, which is how files come in; other bodies: `ExactRequest.limit`."""


class Answered(Response):
    """A response that remembers the model it was made of."""

    media_type = "application/json"

    def __init__(self, found: BaseModel | PlainListing, status: int) -> None:
        super().__init__(exact.dump(found), status)
        self.found = found


class ApiRoute(APIRoute):
    """Exact JSON in and out, no unknown query parameter, Location, ETag, Link, kept answers."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:  # noqa: ANN401  APIRoute's own
        status = options.get("status_code") or HTTPStatus.OK
        path = re.sub(r"{(?!institution)(\w+_id)}", r"{\1:public_id}", path)
        super().__init__(path, _answering(endpoint, status), **options)
        self._lean = _lean(self) or _lean_write(self)

    @override
    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._lean is None or scope["method"] not in (self.methods or ()):
            await super().handle(scope, receive, send)
            return
        response = await self._lean(Request(scope, receive))
        await response(scope, receive, send)

    @override
    def get_route_handler(self) -> Handler:
        original = super().get_route_handler()
        known = _query_names(self)
        is_form = _is_form(self)
        takes_json = self.body_field is not None and not is_form
        is_one = names_one(self.path)

        async def handle(request: Request) -> Response:
            request = ExactRequest(request.scope, request.receive)
            if is_form:
                request.limit = MAX_FILE
            _refuse_unknown(request, known)
            if request.method not in _SAFE:
                await _read_body(request, takes_json=takes_json)
            if is_form:
                request.state.body = await _texts(request)
            try:
                response = await original(request)
            except Replay as replay:
                return replay.response
            _link(request, response)
            await _keep(request, response)
            return _conditional(request, response) if is_one else response

        return handle


def _lean(route: APIRoute) -> Handler | None:
    """Return the handler of an endpoint that takes a ReadScope and filters and nothing else.

    It does what FastAPI does for such a route, whose solver and stacks of exits cost more than
    reading the rows.
    """
    taken = inspect.signature(route.endpoint).parameters.values()
    if [each.annotation for each in taken][:1] != [ReadScopeDep]:
        return None
    _, filters = taken
    model: type[BaseModel] = get_args(filters.annotation)[0]
    known = frozenset(model.model_fields)
    checks = [each.dependency for each in route.dependencies if each.dependency]

    async def handle(request: Request) -> Response:
        _refuse_unknown(request, known)
        caller = caller_of(request)
        for check in checks:
            await check(request, caller)
        wanted = _validated(model, dict(request.query_params), "query")
        async with parts(request).database.read_scope(caller.tenant_id) as scope:
            response: Response = await route.endpoint(scope, wanted)
        _link(request, response)
        return response

    return handle


def _lean_write(route: APIRoute) -> Handler | None:
    """The same for an endpoint that takes a WriteScope, its caller and a body."""
    taken = list(inspect.signature(route.endpoint).parameters.values())
    if [each.annotation for each in taken][:1] != [WriteScopeDep]:
        return None
    model: type[BaseModel] = taken[-1].annotation
    checks = [each.dependency for each in route.dependencies if each.dependency]

    async def handle(request: Request) -> Response:
        request = ExactRequest(request.scope, request.receive)
        _refuse_unknown(request, frozenset())
        await _read_body(request, takes_json=True)
        given = await request.json() if await request.body() else None
        caller = caller_of(request)
        for check in checks:
            await check(request, caller)
        wanted = _validated(model, given, "body")
        try:
            async with _write_scope(request, parts(request).database, caller) as scope:
                response: Response = await route.endpoint(scope, caller, wanted)
                _link(request, response)
                if ticket := getattr(request.state, "keeps_write", None):
                    await idempotency.keep_write(scope, ticket, response)
        except Replay as replay:
            return replay.response
        return response

    return handle


_write_scope = asynccontextmanager(open_write_scope)


def _validated(model: type[BaseModel], given: object, place: str) -> BaseModel:
    try:
        return model.model_validate(given)
    except ValidationError as error:
        found = [{**each, "loc": (place, *each["loc"])} for each in error.errors()]
        raise RequestValidationError(found) from None


def api_router(prefix: str, resource: str) -> APIRouter:
    """Return a router below /api/v1 whose routes need a key with the resource's permission."""
    return PrefixedRouter(
        prefix=f"/api/v1{prefix}",
        tags=[resource],
        route_class=ApiRoute,
        dependencies=[Depends(permission(resource))],
    )


async def _if_match(
    if_match: Annotated[
        str | None, Header(description="ETag of the last read; 412 if it changed since.")
    ] = None,
) -> IfMatch:
    return IfMatch(if_match)


IfMatchDep = Annotated[IfMatch, Depends(_if_match)]


def _answering(endpoint: Callable[..., Any], status: int) -> Callable[..., Awaitable[Response]]:
    """Wrap an endpoint so that the model it returns becomes exact JSON."""
    assert inspect.iscoroutinefunction(endpoint)

    @wraps(endpoint)
    async def answer(*args: Any, **kwargs: Any) -> Response:  # noqa: ANN401  any endpoint
        found = await endpoint(*args, **kwargs)
        if isinstance(found, BaseModel | PlainListing):
            return Answered(found, status)
        return found if isinstance(found, Response) else Response(status_code=status)

    return answer


def _query_names(route: APIRoute) -> frozenset[str]:
    return frozenset(_names(route.dependant))


def _names(dependant: Dependant) -> set[str]:
    names = {name for inner in dependant.dependencies for name in _names(inner)}
    for field in dependant.query_params:
        annotation = field.field_info.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            names |= {each.alias or name for name, each in annotation.model_fields.items()}
        else:
            names.add(field.alias)
    return names


def _is_form(route: APIRoute) -> bool:
    field = route.body_field
    return field is not None and type(field.field_info).__name__ in {"Form", "File"}


def _refuse_unknown(request: Request, known: frozenset[str]) -> None:
    """No parameter that is not there, and none twice: two readers would see two requests."""
    times = Counter(name for name, _ in request.query_params.multi_items())
    errors = [
        FieldError(f"/{name}", "unknown_parameter", "There is no such query parameter.")
        if name not in known
        else FieldError(f"/{name}", "repeated_parameter", "Send this query parameter once.")
        for name in sorted(times)
        if name not in known or times[name] > 1
    ]
    if errors:
        raise ValidationFailed(errors[0].detail, errors=errors)


async def _read_body(request: Request, *, takes_json: bool) -> None:
    """Keep the bytes for `edge.door`, which looks for foreign ids in a refused request."""
    body = request.state.body = await request.body()
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if takes_json and body and kind != "application/json" and not kind.endswith("+json"):
        raise UnsupportedMediaType("Send the body as application/json.")


async def _texts(request: Request) -> bytes:
    """Return a form's fields without its files: to look through 20 MiB stops all requests."""
    form = await request.form()
    texts = "\n".join(each for each in form.values() if isinstance(each, str))
    return texts[: ExactRequest.limit].encode()


def _link(request: Request, response: Response) -> None:
    """Location of what was made (RFC 9110), Link to the next page (RFC 8288)."""
    if not isinstance(response, Answered):
        return
    found = response.found
    if isinstance(found, Listing | PlainListing):
        if found.next_cursor:
            query = urlencode({**request.query_params, "cursor": found.next_cursor})
            response.headers["Link"] = f'<{request.scope["path"]}?{query}>; rel="next"'
    elif response.status_code == HTTPStatus.CREATED and hasattr(found, "id"):
        id = found.model_dump(mode="json", include={"id"})["id"]
        response.headers["Location"] = f"{request.url.path}/{id}"


async def _keep(request: Request, response: Response) -> None:
    """Store the answer under its Idempotency-Key, in the transaction that is still open."""
    if keeps := getattr(request.state, "keeps", None):
        scope, ticket = keeps
        await idempotency.keep(scope, ticket, response)
    elif effect := getattr(request.state, "effect", None):
        async with effect.database.scope(effect.tenant_id) as scope:
            await idempotency.keep(scope, effect.ticket, response)


def _conditional(request: Request, response: Response) -> Response:
    if request.method not in _SAFE or response.status_code != HTTPStatus.OK:
        return response
    response.headers["ETag"] = tag = etag(cast("bytes", response.body))
    if matches(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={"ETag": tag})
    return response
