"""A tenant's system, played by the demo: checks webhooks as docs/webhooks.md says."""

import base64
import hashlib
import hmac
import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from typing_extensions import override

from payymo_api.local.ports import LOOPBACK

_TOLERANCE = 300  # seconds


@dataclass(slots=True)
class Received:
    """What has come so far: event id -> body of what was verified; `refused` counts the rest.

    `changed` counts the bodies that came again with other bytes.
    """

    events: dict[str, dict[str, Any]] = field(default_factory=dict)
    bodies: dict[str, bytes] = field(default_factory=dict)
    deliveries: int = 0
    refused: int = 0
    changed: int = 0

    def count(self, event_type: str) -> int:
        return sum(body["event_type"] == event_type for body in self.events.values())


class Receiver:
    """Listens on a free loopback port while the context lasts."""

    def __init__(self) -> None:
        self.received = Received()
        self.secret = b""
        self._server = ThreadingHTTPServer((LOOPBACK, 0), self._handler())

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self._server.server_address[1]}"

    def trust(self, secret: str) -> None:
        """Take the endpoint's secret as it was shown."""
        self.secret = base64.b64decode(secret.removeprefix("whsec_"))

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def take(self, signature: str, body: bytes) -> int:
        """Keep a verified event; return the status to answer with."""
        self.received.deliveries += 1
        if not is_signed(self.secret, signature, body):
            self.received.refused += 1
            return 400
        event = json.loads(body)
        self.received.events[event["id"]] = event
        self.received.changed += self.received.bodies.setdefault(event["id"], body) != body
        return 204

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self._answer(receiver.take(self.headers.get("X-Webhook-Signature", ""), body))

            def do_GET(self) -> None:
                """The page that the bank's user comes back to."""
                self._answer(204)

            def _answer(self, status: int) -> None:
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            @override
            def log_message(self, format: str, *args: object) -> None:
                """The demo tells its own story."""

        return Handler


def is_signed(secret: bytes, header: str, body: bytes) -> bool:
    """The documented recipe: a fresh `t`, and one of the `v1` is the HMAC of `t.body`."""
    parts = [part.partition("=")[::2] for part in header.split(",")]
    at = next((value for name, value in parts if name == "t"), "0")
    if abs(time.time() - int(at)) > _TOLERANCE:
        return False
    expected = hmac.new(secret, f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return any(name == "v1" and hmac.compare_digest(value, expected) for name, value in parts)
