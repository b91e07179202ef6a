"""Faults on demand, and the log of calls: a layer around every provider of the sandbox."""

import asyncio
import json
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from payymo_api.core.clock import rfc3339
from payymo_api.sandbox.clock import SandboxClock

CONTROL = "/sandbox"
"""Paths below this one are for the tester: no faults, no log."""
_CALLS_KEPT = 10_000


@dataclass(slots=True)
class Fault:
    """What the next `calls` requests to `path` (a shell pattern) meet, after `seconds` of waiting.

    With `status` they get that answer (`body` as JSON, or `html`) instead of the provider's; with
    `drop` the connection is cut in the middle of the body; with neither they are only slow.
    With `done` the provider does the work first, and only its answer is lost.
    """

    path: str = "*"
    method: str = "*"
    calls: int = 1
    seconds: float = 0.0
    status: int | None = None
    body: Any = None
    html: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    drop: bool = False
    done: bool = False

    def meets(self, method: str, path: str) -> bool:
        return self.calls > 0 and fnmatchcase(path, self.path) and fnmatchcase(method, self.method)

    def content(self) -> tuple[bytes, bytes]:
        """The media type and the bytes."""
        if self.html is not None:
            return b"text/html; charset=utf-8", self.html.encode()
        return b"application/json", json.dumps(self.body).encode()


@dataclass(frozen=True, slots=True)
class Call:
    """A request that a provider's paths received; bodies are left out, for they hold secrets."""

    at: datetime
    method: str
    path: str
    query: str
    status: int | None

    def wire(self) -> dict[str, Any]:
        return asdict(self) | {"at": rfc3339(self.at)}


class Faults:
    """What waits to go wrong, and what was called."""

    def __init__(self) -> None:
        self.waiting: list[Fault] = []
        self.calls: deque[Call] = deque(maxlen=_CALLS_KEPT)

    def take(self, method: str, path: str) -> Fault | None:
        """Return the first fault for this request and use up one of its calls."""
        for fault in self.waiting:
            if fault.meets(method, path):
                fault.calls -= 1
                return fault
        return None

    def reset(self) -> None:
        self.waiting.clear()
        self.calls.clear()


class FaultLayer:
    """ASGI middleware: notes the call, then answers by the fault that waits for it, if any."""

    def __init__(self, app: ASGIApp, faults: Faults, clock: SandboxClock) -> None:
        self._app = app
        self._faults = faults
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(CONTROL):
            await self._app(scope, receive, send)
            return
        status: int | None = None

        async def watched(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self._answer(scope, receive, watched)
        finally:
            self._note(scope, status)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        fault = self._faults.take(scope["method"], scope["path"])
        if fault:
            await asyncio.sleep(fault.seconds)
        if fault and fault.done:
            await self._app(scope, receive, _unheard)
        if fault and fault.drop:
            await _cut(send)
        elif fault and fault.status:
            await _send_fault(fault, fault.status, send)
        else:
            await self._app(scope, receive, send)

    def _note(self, scope: Scope, status: int | None) -> None:
        query = scope["query_string"].decode()
        call = Call(self._clock.now(), scope["method"], scope["path"], query, status)
        self._faults.calls.append(call)


async def _unheard(_message: Message) -> None:
    """What the provider answered, and nobody gets."""


async def _send_fault(fault: Fault, status: int, send: Send) -> None:
    media_type, content = fault.content()
    headers = [(b"content-type", media_type), (b"content-length", b"%d" % len(content))]
    headers += [(name.encode(), value.encode()) for name, value in fault.headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


async def _cut(send: Send) -> None:
    """Promise more than is sent and return: the server then closes the connection."""
    headers = [(b"content-type", b"application/json"), (b"content-length", b"1000")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b'{"transactions": {"bo', "more_body": True})
