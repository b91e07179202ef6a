"""`payymo webhooks listen`: follows the stream and posts each event as a webhook would come.

It goes on from the last event whatever happens to the connection. What the program answers is
shown; an event that it refuses is not sent again.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from importlib.metadata import version
from typing import Final, NoReturn

import httpx

from payymo_api.cli.webhooks.messages import Message, messages
from payymo_api.core.clock import now
from payymo_api.webhooks.rules import signing

_AGAIN_SECONDS = 1.0
_PATIENCE = 60.0
_HEADERS: Final = {
    "Content-Type": "application/json",
    "User-Agent": f"Payymo-Webhooks/{version('payymo-api')}",
}
_PASSING: Final = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.REQUEST_TIMEOUT}


class Refused(Exception):
    """The service says no, and will say it again."""


class Lost(Exception):
    """There is no stream just now; it is asked for again after `pause` seconds."""

    def __init__(self, reason: str, pause: float = _AGAIN_SECONDS) -> None:
        super().__init__(reason)
        self.pause = pause


@dataclass(slots=True)
class Listener:
    """`api` calls the service as the tenant. `position`: the last event that was forwarded.

    `_is_connected`: what was said of the connection last; None: nothing yet.
    """

    api: httpx.Client
    url: str
    event_types: str
    position: int | None
    say: Callable[[str], None]
    _secret: bytes = field(default_factory=signing.new_secret, repr=False)
    _is_connected: bool | None = None

    def run(self) -> NoReturn:
        """Forward until the service refuses."""
        self.say(f"Signing secret: {signing.secret_text(self._secret)}")
        # no proxy of the environment's stands between this machine and itself
        with httpx.Client(timeout=_PATIENCE, trust_env=False, headers=_HEADERS) as program:
            while True:
                try:
                    self._follow(program)
                except Lost as lost:
                    self._pause(lost)

    def _follow(self, program: httpx.Client) -> NoReturn:
        """Follow the stream to its end."""
        params = {"event_type": self.event_types}
        headers = {} if self.position is None else {"Last-Event-ID": str(self.position)}
        try:
            with self.api.stream("GET", "/events/stream", params=params, headers=headers) as answer:
                _check(answer)
                for message in messages(answer.iter_bytes()):
                    self._take(program, message)
        except httpx.TransportError as error:
            raise Lost(f"{type(error).__name__} {error}".strip()) from error
        raise Lost("the service has ended it")

    def _take(self, program: httpx.Client, message: Message) -> None:
        if not self._is_connected:
            self.say(f"Listening behind event {message.id}, forwarding to {self.url}")
            self._is_connected = True
        if message.data is not None:
            outcome = self._forward(program, message.data)
            self.say(f"{now():%H:%M:%S} {message.id} {message.event} {outcome}")
        self.position = message.id if message.id is not None else self.position

    def _forward(self, program: httpx.Client, body: bytes) -> str:
        id = json.loads(body)["id"]
        started = time.perf_counter()
        signed = signing.headers((self._secret,), id, body, now())
        try:
            answer = program.post(self.url, content=body, headers=signed)
        except httpx.TransportError as error:
            return f"{id} no answer: {str(error) or type(error).__name__}"
        milliseconds = round((time.perf_counter() - started) * 1000)
        return f"{id} {answer.status_code} {milliseconds} ms"

    def _pause(self, lost: Lost) -> None:
        if self._is_connected is not False:
            self.say(f"No connection: {lost}; trying again")
            self._is_connected = False
        time.sleep(lost.pause)


def _check(answer: httpx.Response) -> None:
    if answer.headers.get("content-type", "").startswith("text/event-stream"):
        return
    answer.read()
    if answer.is_server_error or answer.status_code in _PASSING:
        raise Lost(why(answer), _pause_of(answer))
    raise Refused(why(answer))


def _pause_of(answer: httpx.Response) -> float:
    asked = answer.headers.get("retry-after", "")
    return float(asked) if asked.isdecimal() else _AGAIN_SECONDS


def why(answer: httpx.Response) -> str:
    """Return what a problem says."""
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"{answer.url} answers {answer.status_code}"
