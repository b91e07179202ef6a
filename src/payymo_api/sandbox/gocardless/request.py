"""What every handler needs of a request: the bank, the caller's token, ids, and a checked body."""

import json
from collections.abc import Awaitable, Callable
from typing import Any, cast
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from payymo_api.sandbox.gocardless.bank import Bank
from payymo_api.sandbox.gocardless.institutions import INSTITUTIONS, Wire
from payymo_api.sandbox.gocardless.refusals import Refusal

Handler = Callable[[Request], Awaitable[Response]]


def bank_of(request: Request) -> Bank:
    return cast("Bank", request.app.state.gocardless)


def with_token(handler: Handler) -> Handler:
    """Ask for a living access token, and let what is due expire before the handler looks."""

    async def guarded(request: Request) -> Response:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not bank_of(request).accepts("access", token):
            raise Refusal("InvalidToken")
        bank_of(request).expire_what_is_due()
        return await handler(request)

    return guarded


def path_id(request: Request, *, invalid: str = "InvalidID") -> str:
    """Return the UUID of the path."""
    id = str(request.path_params["id"])
    try:
        return str(UUID(id))
    except ValueError:
        raise Refusal(invalid, ID=id) from None


async def body_of(request: Request, known: set[str]) -> Wire:
    """Return the JSON object; unknown fields are refused as the provider does."""
    try:
        body = json.loads(await request.body() or b"{}")
    except ValueError:
        raise Refusal("UnknownFields", FIELD="unreadable JSON", LOCATION="body") from None
    if not isinstance(body, dict):
        raise Refusal("UnknownFields", FIELD="not an object", LOCATION="body")
    unknown = body.keys() - known
    if unknown:
        raise Refusal("UnknownFields", FIELD=", ".join(sorted(unknown)), LOCATION="body")
    return body


def institution_of(body: Wire) -> Wire:
    id = str(body.get("institution_id"))
    if id not in INSTITUTIONS:
        raise Refusal("InstitutionFieldErrors", INSTITUTION=id)
    return INSTITUTIONS[id]


def paged(request: Request, rows: list[Wire]) -> JSONResponse:
    """Return `limit` rows from `offset` with the addresses of the pages beside."""
    limit, offset = (_number(request, *known) for known in (("limit", 100, 1), ("offset", 0, 0)))
    after, before = offset + limit, max(0, offset - limit)
    url = request.url.include_query_params
    return JSONResponse(
        {
            "count": len(rows),
            "next": str(url(limit=limit, offset=after)) if after < len(rows) else None,
            "previous": str(url(limit=limit, offset=before)) if offset else None,
            "results": rows[offset:after],
        }
    )


def _number(request: Request, name: str, default: int, least: int) -> int:
    text = request.query_params.get(name, str(default))
    return max(least, int(text)) if text.isdecimal() else default


async def refused(_request: Request, error: Exception) -> Response:
    """Starlette's handler for Refusal."""
    refusal = cast("Refusal", error)
    return JSONResponse(refusal.body, refusal.status, headers=refusal.headers)


def whole(value: Any) -> int | None:  # noqa: ANN401  any JSON
    """The number if the body gave a whole one."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None
