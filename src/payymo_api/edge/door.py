"""Pure ASGI: every request gets an id, a caller, a place in the limits, a log line and a metric."""

import asyncio
import re
from functools import cache, partial
from time import perf_counter
from typing import Final
from urllib.parse import unquote_plus
from uuid import uuid4

import structlog
from fastapi import FastAPI
from prometheus_client import Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from payymo_api.core import log, problems
from payymo_api.core.errors import Overloaded, PayymoError, RateLimited, Unauthenticated
from payymo_api.edge import incidents
from payymo_api.edge.caller import Caller, Recheck
from payymo_api.edge.limits import Hit
from payymo_api.edge.state import Parts

_log = log.get(__name__)
_REQUESTS = Counter("payymo_http_requests", "Requests", ["method", "route", "status"])
_SECONDS = Histogram("payymo_http_request_seconds", "Time to answer", ["method", "route"])
_INSIDE = Gauge("payymo_http_requests_inside", "Requests being worked on")
_SANE_ID = re.compile(r"[A-Za-z0-9._:-]{8,128}")
_UNLIMITED: Final = ("/health/", "/metrics")
_READS: Final = {"GET", "HEAD"}
_SIGNED: Final = "/webhooks/"
"""Providers' deliveries have no key and come in swarms: no limit, their signature is their key."""
PUBLIC: Final = frozenset(
    {"/api/v1/bank_connections/callback", "/api/v1/stripe/connections/callback"}
)
"""Routes below /api/v1 that a browser reaches without a key; each guards itself."""
_REFUSED: Final = {404, 409, 422}
_ROW_BY_ROW: Final = ("/batch", "/suggestions/accept", "/ignore", "/restore")
"""Paths whose 200 may hold refusals."""
_DEFAULTS: Final = ((b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-store"))


class Door:
    """The only middleware. It turns requests away, bodies unread, where too many are inside."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._inside: set[Visit] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        visit = Visit(scope, receive, send, self._inside)
        if visit.is_unlimited:
            await self._serve(visit)
        elif len(self._inside) >= visit.parts.settings.requests_at_once:
            await visit.refuse(Overloaded("Too many requests are being worked on.", retry_after=1))
            visit.note()
        else:
            self._inside.add(visit)
            try:
                await self._serve(visit)
            finally:
                self._inside.discard(visit)

    async def _serve(self, visit: "Visit") -> None:
        structlog.contextvars.bind_contextvars(request_id=visit.request_id)
        try:
            refusal = await visit.admit()
            if refusal:
                await visit.refuse(refusal)
            else:
                await self.app(visit.scope, visit.receive, visit.send)
        except PayymoError as error:  # the caller can't be looked up just now
            await visit.refuse(error)
        except Exception:  # noqa: BLE001  the last resort: a fault is a clean 500, and logged
            _log.exception("request_crashed", path=visit.scope["path"])
            if not visit.status:
                await visit.refuse(PayymoError("Something went wrong on our side."))
        visit.note()
        await visit.notice()


class Visit:
    """One request on its way through; `inside` holds those that are being worked on."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, inside: "set[Visit]") -> None:
        self.scope, self.receive, self._send = scope, receive, send
        self._inside = inside
        self._headers: dict[bytes, bytes] = dict(scope["headers"])
        self._started = perf_counter()
        self._caller: Caller | None = None
        self._hit: Hit | None = None
        self._hitting: asyncio.Task[Hit] | None = None
        self._is_refused = False
        self.status = 0
        given = self._header(b"x-request-id")
        self.request_id = given if _SANE_ID.fullmatch(given) else uuid4().hex
        self._state = scope.setdefault("state", {})
        self._state["request_id"] = self.request_id
        self._state["begin_stream"] = self.begin_stream
        app: FastAPI = scope["app"]
        self.parts: Parts = app.state.parts

    @property
    def is_unlimited(self) -> bool:
        path: str = self.scope["path"]
        return path.startswith(_UNLIMITED)

    async def admit(self) -> PayymoError | None:
        """Find the caller and take the hit; return why the request may not pass."""
        if self.is_unlimited or self.scope["path"].startswith(_SIGNED):
            return None
        path, key = self.scope["path"], self._key()
        self._caller = await self.parts.callers.of(key) if key else None
        self._state["caller"] = self._caller
        address = (self.scope.get("client") or ("unknown", 0))[0]
        limits, is_read = self.parts.limits, self.scope["method"] in _READS
        may_run = self._caller and is_read and not limits.refusal(self._caller, address)
        self._hitting = asyncio.create_task(limits.hit(self._caller, address))
        if may_run:
            return None  # beside its hit, which `send` awaits
        if refusal := await self._limited():
            return refusal
        if self._caller is None and path.startswith("/api/") and path not in PUBLIC:
            return Unauthenticated("This API key is not valid." if key else "Send your API key.")
        return None

    async def _limited(self) -> PayymoError | None:
        """Wait for the hit; return the refusal if it was one too many."""
        if self._hitting is None:
            return None
        hitting, self._hitting = self._hitting, None
        self._hit = hit = await hitting
        if hit.allowed:
            return None
        return RateLimited(f"At most {hit.limit} requests a minute.", retry_after=hit.retry_after)

    def begin_stream(self) -> Recheck:
        """Leave the place inside to others: the answer has no end.

        Return how to ask later whose key it is by then.
        """
        self._inside.discard(self)
        return partial(self.parts.callers.of, self._key())

    def _key(self) -> str:
        scheme, _, token = self._header(b"authorization").partition(" ")
        bearer = token.strip() if scheme.lower() == "bearer" else ""
        return self._header(b"x-api-key") or bearer

    def _header(self, name: bytes) -> str:
        return self._headers.get(name, b"").decode("latin-1")

    async def refuse(self, error: PayymoError) -> None:
        base_url = self.parts.settings.public_url
        response = problems.response(error, base_url=base_url, request_id=self.request_id)
        await response(self.scope, self.receive, self.send)

    async def send(self, message: Message) -> None:
        """Pass the answer on; a read that its hit does not allow is answered with the refusal."""
        if message["type"] == "http.response.start":
            if refusal := await self._limited():
                await self.refuse(refusal)
                self._is_refused = True
            elif not self._is_refused:
                self._complete(message)
        if not self._is_refused:
            await self._send(message)

    def _complete(self, message: Message) -> None:
        """Add the headers that every answer has."""
        self.status = message["status"]
        headers = list(message["headers"])
        names = {name for name, _ in headers}
        headers.append((b"x-request-id", self.request_id.encode()))
        headers += [each for each in _DEFAULTS if each[0] not in names]
        if self._hit:
            headers += self._hit.headers()
        message["headers"] = headers

    def note(self) -> None:
        """One log line and two metrics; the route's template, never the ids or the query."""
        seconds = perf_counter() - self._started
        method, route = self.scope["method"], self._route
        _counter(method, route, self.status).inc()
        _histogram(method, route).observe(seconds)
        log.request(
            self.request_id,
            method=method,
            route=route,
            status=self.status,
            milliseconds=round(seconds * 1000, 1),
            tenant=self._caller and self._caller.tenant_id,
        )

    @property
    def _route(self) -> str:
        return getattr(self.scope.get("route"), "path", "none")

    async def notice(self) -> None:
        """Look at the ids of a refused or filtering request: is one of them another tenant's?"""
        if self._caller is None or not self._is_suspect():
            return
        query = unquote_plus(self.scope.get("query_string", b"").decode("latin-1"))
        body = self._state.get("body", b"").decode("utf-8", "replace")
        named = incidents.named_ids(self.scope["path"], query, body)
        if not named:
            return
        request = f"{self.scope['method']} {self._route}"
        try:
            tenant_id = self._caller.tenant_id
            await incidents.notice(self.parts.database, tenant_id, request, named)
        except PayymoError as error:
            _log.error("incident_not_written", code=error.code)

    def _is_suspect(self) -> bool:
        filters = self.scope["method"] == "GET" and bool(self.scope.get("query_string"))
        return self.status in _REFUSED or filters or self.scope["path"].endswith(_ROW_BY_ROW)


@cache
def _counter(method: str, route: str, status: int) -> Counter:
    return _REQUESTS.labels(method, route, status)


@cache
def _histogram(method: str, route: str) -> Histogram:
    return _SECONDS.labels(method, route)
