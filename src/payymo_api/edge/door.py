"""Pure ASGI: every request gets an id, a caller, a place in the limits, a log line and a metric."""

import re
from time import perf_counter
from typing import Final
from uuid import uuid4

import structlog
from fastapi import FastAPI
from prometheus_client import Counter, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from payymo_api.core import log, problems
from payymo_api.core.errors import PayymoError, RateLimited, Unauthenticated
from payymo_api.edge import incidents
from payymo_api.edge.caller import Caller
from payymo_api.edge.limits import Hit
from payymo_api.edge.state import Parts

_log = log.get(__name__)
_REQUESTS = Counter("payymo_http_requests", "Requests", ["method", "route", "status"])
_SECONDS = Histogram("payymo_http_request_seconds", "Time to answer", ["method", "route"])
_SANE_ID = re.compile(r"[A-Za-z0-9._:-]{8,128}")
_UNLIMITED: Final = ("/health/", "/metrics")
PUBLIC: Final = frozenset({"/api/v1/bank_connections/callback"})
"""Routes below /api/v1 that a browser reaches without a key; each guards itself."""
_REFUSED: Final = {404, 409, 422}


class Door:
    """The only middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        visit = Visit(scope, send)
        with structlog.contextvars.bound_contextvars(request_id=visit.request_id):
            try:
                await self._answer(visit, scope, receive)
            except Exception:  # noqa: BLE001  the last resort: a fault is a clean 500, and logged
                _log.exception("request_crashed", path=scope["path"])
                if not visit.status:
                    await visit.refuse(PayymoError("Something went wrong on our side."), receive)
            visit.note()
            await visit.notice()

    async def _answer(self, visit: "Visit", scope: Scope, receive: Receive) -> None:
        try:
            refusal = await visit.admit()
        except PayymoError as error:  # the caller can't be looked up just now
            refusal = error
        if refusal:
            await visit.refuse(refusal, receive)
        else:
            await self.app(scope, receive, visit.send)


class Visit:
    """One request on its way through."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope, self._send = scope, send
        self._headers = Headers(scope=scope)
        self._started = perf_counter()
        self._caller: Caller | None = None
        self._hit: Hit | None = None
        self.status = 0
        given = self._headers.get("x-request-id", "")
        self.request_id = given if _SANE_ID.fullmatch(given) else uuid4().hex
        self._state = scope.setdefault("state", {})
        self._state["request_id"] = self.request_id
        app: FastAPI = scope["app"]
        self._parts: Parts = app.state.parts

    async def admit(self) -> PayymoError | None:
        """Find the caller and take the hit; return why the request may not pass."""
        path: str = self._scope["path"]
        if path.startswith(_UNLIMITED):
            return None
        key = self._key()
        self._caller = await self._parts.callers.of(key) if key else None
        self._state["caller"] = self._caller
        address = (self._scope.get("client") or ("unknown", 0))[0]
        self._hit = await self._parts.limits.hit(self._caller, address)
        if not self._hit.allowed:
            return RateLimited(
                f"At most {self._hit.limit} requests a minute.", retry_after=self._hit.retry_after
            )
        if self._caller is None and path.startswith("/api/") and path not in PUBLIC:
            return Unauthenticated("This API key is not valid." if key else "Send your API key.")
        return None

    def _key(self) -> str:
        scheme, _, token = self._headers.get("authorization", "").partition(" ")
        bearer = token.strip() if scheme.lower() == "bearer" else ""
        return self._headers.get("x-api-key") or bearer

    async def refuse(self, error: PayymoError, receive: Receive) -> None:
        base_url = self._parts.settings.public_url
        response = problems.response(error, base_url=base_url, request_id=self.request_id)
        await response(self._scope, receive, self.send)

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["X-Request-ID"] = self.request_id
            headers.setdefault("X-Content-Type-Options", "nosniff")
            headers.setdefault("Cache-Control", "no-store")
            if self._hit:
                headers.update(self._hit.headers())
        await self._send(message)

    def note(self) -> None:
        """One log line and two metrics; the route's template, never the ids or the query."""
        seconds = perf_counter() - self._started
        route = getattr(self._scope.get("route"), "path", "none")
        method = self._scope["method"]
        _REQUESTS.labels(method, route, self.status).inc()
        _SECONDS.labels(method, route).observe(seconds)
        _log.info(
            "request",
            method=method,
            route=route,
            status=self.status,
            milliseconds=round(seconds * 1000, 1),
            tenant=str(self._caller.tenant_id) if self._caller else None,
        )

    async def notice(self) -> None:
        """Look at the ids of a refused or filtering request: is one of them another tenant's?"""
        if self._caller is None or not self._is_suspect():
            return
        query = self._scope.get("query_string", b"").decode("latin-1")
        body = self._state.get("body", b"").decode("utf-8", "replace")
        named = incidents.named_ids(self._scope["path"], query, body)
        if not named:
            return
        route = getattr(self._scope.get("route"), "path", "none")
        request = f"{self._scope['method']} {route}"
        try:
            tenant_id = self._caller.tenant_id
            await incidents.notice(self._parts.database, tenant_id, request, named)
        except PayymoError as error:
            _log.error("incident_not_written", code=error.code)

    def _is_suspect(self) -> bool:
        filters = self._scope["method"] == "GET" and bool(self._scope.get("query_string"))
        return self.status in _REFUSED or filters or self._scope["path"].endswith("/batch")
