"""A tenant's system: keeps what comes, and verifies it as the documentation says."""

import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from typing_extensions import override

from tests.conftest import ROOT

PAGE = ROOT / "docs" / "webhooks.md"


@dataclass(frozen=True, slots=True)
class Post:
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Hook:
    """Listens on a free loopback port while the context lasts."""

    posts: list[Post] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    _server: ThreadingHTTPServer = field(init=False, repr=False)

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        posts = self.posts

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                posts.append(Post(dict(self.headers), body))
                self._answer()

            def do_GET(self) -> None:
                """The page that the account holder comes back to."""
                self._answer()

            def _answer(self) -> None:
                self.send_response(204)
                self.end_headers()

            @override
            def log_message(self, format: str, *args: object) -> None:
                """The test speaks."""

        return Handler


def documented_verify() -> Any:  # noqa: ANN401  the page's own function
    """Return `verify(secret, headers, body)` as docs/webhooks.md gives it in Python."""
    (recipe,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    page: dict[str, Any] = {}
    exec(recipe, page)  # noqa: S102  our own page's recipe, run as a reader would
    return page["verify"]
