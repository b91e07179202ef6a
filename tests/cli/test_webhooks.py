"""`payymo webhooks …`: what it refuses, and what it makes of a stream that breaks off."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise

import pytest
from typer.testing import CliRunner
from typing_extensions import override

from payymo_api.cli import app
from payymo_api.cli.webhooks.messages import Message, messages
from payymo_api.edge.caller import new_key
from tests.outside.hook import Hook

KEY = new_key("test")
HERE = "http://127.0.0.1:1"
ODD = '{"id":"evt_2","data":{"text":"a\u2028b\u0085c"}}'.encode()
STREAM = b": hello\nid: 1\n\nid: 2\nevent: invoice.paid\ndata: " + ODD + b"\n\n"


def run(*arguments: str, key: str | None = KEY) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["webhooks", *arguments], env={"PAYYMO_API_KEY": key})
    assert KEY not in done.output
    return done.exit_code, done.output


@pytest.mark.parametrize("url", ["http://localhost:3000/hooks", "http://[::1]:3000", HERE])
def test_forwards_to_this_machine(url: str) -> None:
    code, said = run("listen", "--forward", url, "--base-url", "http://away.example")
    assert (code, said) == (
        2,
        "payymo: --base-url: give an https URL; http is for this machine only\n",
    )


@pytest.mark.parametrize(
    "url",
    [
        "http://away.example/hooks",
        "http://127.0.0.1@away.example/",
        "http://localhost.away.example/",
        "http://10.0.0.1/",
        "http://0.0.0.0/",
        "http://0x7f000001/",
        "http://[::ffff:127.0.0.1]/",
        "https://away.example/",
    ],
)
def test_forwards_nowhere_else_unless_it_is_told_to(url: str) -> None:
    code, said = run("listen", "--forward", url)
    _, allowed = run("listen", "--forward", url, "--allow-any", key="")

    assert (code, said.startswith("payymo: --forward: this URL leads away")) == (2, True)
    assert allowed.startswith("payymo: PAYYMO_API_KEY")


@pytest.mark.parametrize("url", ["hooks", "ftp://127.0.0.1/", "http:///hooks", "http://[::1/"])
def test_forwards_to_web_addresses_only(url: str) -> None:
    assert run("listen", "--forward", url) == (
        2,
        "payymo: --forward: give an http or https URL\n",
    )


@pytest.mark.parametrize(
    "key",
    [None, "", "sk_live_1", KEY[:-1] + "\n"],
    ids=["none", "empty", "another's", "mistyped"],
)
def test_wants_a_key_in_the_environment_and_does_not_repeat_it(key: str | None) -> None:
    for command in (("listen", "--forward", HERE), ("trigger", "invoice.paid")):
        code, said = run(*command, key=key)
        assert (code, said.count("\n")) == (2, 1)
        assert said.startswith("payymo: PAYYMO_API_KEY: ")


def test_says_that_no_service_answers() -> None:
    code, said = run("trigger", "invoice.paid", "--base-url", HERE)
    assert (code, said.count("\n")) == (2, 1)
    assert said.startswith(f"payymo: --base-url: no service answers at {HERE}")


def test_messages_are_the_same_wherever_the_bytes_are_cut() -> None:
    whole = [Message(1, "", None), Message(2, "invoice.paid", ODD)]
    for cut in range(len(STREAM) + 1):
        assert [*messages([STREAM[:cut], STREAM[cut:]])] == whole
    each = [STREAM[start:end] for start, end in pairwise(range(len(STREAM) + 1))]
    assert [*messages(each)] == whole


def test_a_message_that_breaks_off_is_none() -> None:
    assert [*messages([STREAM[:-1]])] == [Message(1, "", None)]


def _event(number: int) -> bytes:
    return b'id: %d\nevent: invoice.paid\ndata: {"id":"evt_%d"}\n\n' % (number, number)


@contextmanager
def service(*streams: bytes) -> Iterator[tuple[str, list[str | None]]]:
    """A service whose streams break off after these bytes, and that then knows the key no more.

    Yields its URL and where each caller went on from.
    """
    asked: list[str | None] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.headers.get("Last-Event-ID"))
            if len(asked) > len(streams):
                self._answer(401, "application/problem+json", b'{"detail": "Not valid."}')
            elif stream := streams[len(asked) - 1]:
                self._answer(200, "text/event-stream", stream, promised=len(stream) + 1)
            else:
                self._answer(503, "application/problem+json", b'{"detail": "Busy."}')

        def _answer(self, status: int, kind: str, body: bytes, promised: int = 0) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(promised or len(body)))
            self.send_header("Retry-After", "0")
            self.end_headers()
            self.wfile.write(body)

        @override
        def log_message(self, format: str, *args: object) -> None:
            """The test speaks."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()


def test_goes_on_from_the_last_event_that_came_whole() -> None:
    """The first connection breaks in the middle of an event, the second is refused for now."""
    streams = (b"id: 6\n\n" + _event(7) + _event(8)[:-1], b"", _event(8) + _event(9))
    with service(*streams) as (url, asked), Hook() as hook:
        code, said = run("listen", "--forward", hook.url, "--base-url", url)

    assert asked == [None, "7", "7", "9"]
    assert [post.body for post in hook.posts] == [
        b'{"id":"evt_7"}',
        b'{"id":"evt_8"}',
        b'{"id":"evt_9"}',
    ]
    assert (code, said.splitlines()[-1]) == (2, "payymo: Not valid.")


def test_begins_behind_the_event_that_it_is_told() -> None:
    with service() as (url, asked):
        run("listen", "--forward", HERE, "--base-url", url, "--after", "0")

    assert asked == ["0"]


def test_shows_what_the_program_answers_and_goes_on_without_it() -> None:
    with service(b"id: 6\n\n" + _event(7) + _event(8)) as (url, asked):
        _, said = run("listen", "--forward", HERE, "--base-url", url)

    assert asked == [None, "8"]
    assert [line for line in said.splitlines() if " evt_7 no answer: " in line]
    assert [line for line in said.splitlines() if " evt_8 no answer: " in line]
