"""A developer's machine gets the tenant's events, whatever happens to the service in between."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from standardwebhooks import Webhook

from payymo_api.local.client import Client
from payymo_api.local.home import discard
from payymo_api.local.stack import PAYYMO, Stack, running_stack
from tests.outside.hook import Hook, documented_verify

_PATIENCE = 60.0
TRIGGERED = 30
KILLS = {5: signal.SIGTERM, 15: signal.SIGKILL, 25: signal.SIGTERM}
"""After so many events: asked to stop, the service ends its streams; killed, it breaks them off."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("listen") / "payymo"
    with running_stack(folder) as running:
        yield running
    discard(folder)


@pytest.fixture
def key(stack: Stack) -> str:
    """The key of a tenant to whom nothing has happened yet."""
    tenant = json.loads(stack.run("tenant", "create", "--name", "Developer", "--json"))
    made = json.loads(stack.run("key", "create", "--tenant", tenant["id"], "--json"))
    return str(made["key"])


@dataclass(slots=True)
class Listening:
    """`payymo webhooks listen` as its own process."""

    process: "subprocess.Popen[str]"
    secret: str

    def stop(self) -> str:
        """Press Ctrl-C; return what it has printed since it began to listen."""
        self.process.send_signal(signal.SIGINT)
        printed, _ = self.process.communicate(timeout=30)
        assert self.process.returncode == 0
        return printed


@contextmanager
def listening(stack: Stack, key: str, url: str) -> Iterator[Listening]:
    command = [*PAYYMO, "webhooks", "listen", "--forward", url, "--base-url", stack.base_url]
    process = subprocess.Popen(  # noqa: S603  our own program
        command,
        env=_environment(key),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout
        secret = process.stdout.readline().removeprefix("Signing secret: ").strip()
        assert process.stdout.readline().startswith("Listening behind event ")
        yield Listening(process, secret)
    finally:
        process.kill()
        process.communicate()


def _environment(key: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "PAYYMO_API_KEY": key}


def _trigger(stack: Stack, key: str, event_type: str) -> str:
    """Return the event's id, as the command prints it."""
    done = subprocess.run(  # noqa: S603  our own program
        [*PAYYMO, "webhooks", "trigger", event_type, "--base-url", stack.base_url, "--json"],
        env=_environment(key),
        capture_output=True,
        text=True,
        check=True,
    )
    assert key not in done.stdout + done.stderr
    return str(json.loads(done.stdout)["id"])


def _until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + _PATIENCE
    while not holds():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)


def test_what_is_triggered_comes_signed_with_the_bytes_of_every_webhook(
    stack: Stack, key: str
) -> None:
    """To the developer's program by `listen`, and to a registered endpoint as ever."""
    with Hook() as program, Hook() as endpoint, listening(stack, key, program.url) as command:
        with Client(stack.base_url, key) as client:
            made = client.post(
                "/webhook_endpoints", json={"url": endpoint.url, "event_types": ["transaction.*"]}
            )
        triggered = _trigger(stack, key, "transaction.created")
        _trigger(stack, key, "invoice.paid")
        _until(lambda: len(program.posts) == 2 and len(endpoint.posts) == 1)
        printed = command.stop()

    first, second = program.posts
    [delivered] = endpoint.posts
    assert first.body == delivered.body
    for post, secret in (
        (first, command.secret),
        (second, command.secret),
        (delivered, made["secret"]),
    ):
        assert documented_verify()(secret, post.headers, post.body)
        Webhook(secret).verify(post.body, post.headers)
    assert set(delivered.headers) - {"Host"} <= set(first.headers)
    assert json.loads(first.body)["id"] == triggered
    assert json.loads(first.body)["test"] is True
    assert [line.split()[2:5:2] for line in printed.splitlines()] == [
        ["transaction.created", "204"],
        ["invoice.paid", "204"],
    ]
    assert key not in printed


def test_nothing_is_lost_and_nothing_doubled_though_the_api_is_killed(
    stack: Stack, key: str
) -> None:
    with (
        Hook() as program,
        listening(stack, key, program.url) as command,
        Client(stack.base_url, key) as client,
    ):
        for number in range(TRIGGERED):
            if number in KILLS:
                os.kill(stack.pid("api"), KILLS[number])
            client.post("/events/trigger", json={"event_type": "invoice.paid"})
        _until(lambda: len(program.posts) >= TRIGGERED)
        printed = command.stop()
        told = client.all("/events")

    assert [json.loads(post.body) for post in program.posts] == told
    assert len(told) == TRIGGERED
    assert printed.count("No connection: ") >= 1
    assert "No connection: the service has ended it" in printed
