"""Clients that ask a path again and again, in a process of their own: light, so that they don't
measure themselves.
"""

import asyncio
import hmac
import json
import random
import sys
import time
from asyncio.subprocess import PIPE, create_subprocess_exec
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from http import HTTPStatus
from statistics import quantiles
from typing import Any, cast
from urllib.parse import urlsplit
from uuid import uuid4

import uvloop
from typing_extensions import override

_PAUSE = 1.0
"""What a client waits that was told to try later (Retry-After is a second)."""
_GOOD = {HTTPStatus.OK, HTTPStatus.CREATED}


@dataclass(frozen=True, slots=True)
class Load:
    """`clients` callers for `seconds`; each takes one of the keys and paths at random each time.

    With `bodies` they POST each once, under an Idempotency-Key of its own, and end with the last;
    with a `stripe_secret`, signed by it as Stripe does.
    """

    url: str
    paths: Sequence[str]
    keys: Sequence[str]
    clients: int
    seconds: float
    bodies: Sequence[str] = ()
    stripe_secret: str = ""


@dataclass(frozen=True, slots=True)
class Answers:
    """Good answers a second, their milliseconds, and how many had which status."""

    rate: float
    p50: float
    p99: float
    statuses: dict[str, int]


async def put_load(load: Load) -> Answers:
    """Run the clients; an answer that is neither good nor a 503 is an error."""
    program = await create_subprocess_exec(
        sys.executable, "-m", "benchmarks.load", stdin=PIPE, stdout=PIPE
    )
    told, _ = await program.communicate(json.dumps(asdict(load)).encode())
    answers = Answers(**json.loads(told))
    bad = answers.statuses.keys() - {"200", "201", "503"}
    if bad:
        raise RuntimeError(f"answered {answers.statuses}")
    return answers


class _Client(asyncio.Protocol):
    def __init__(self, crowd: "_Crowd") -> None:
        self._crowd = crowd
        self._received = b""
        self._asked_at = 0.0

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._ask()

    def _ask(self) -> None:
        self._asked_at = time.perf_counter()
        self._transport.write(self._crowd.request())

    @override
    def data_received(self, data: bytes) -> None:
        self._received += data
        head, ended, body = self._received.partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r")[0]
        if not ended or len(body) < int(length):
            return
        self._received = b""
        self._crowd.note(int(head[9:12]), time.perf_counter() - self._asked_at)
        if self._crowd.is_over():
            self._transport.close()
        elif head[9:12] == b"503":
            asyncio.get_running_loop().call_later(_PAUSE, self._ask)
        else:
            self._ask()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._crowd.leave()


class _Crowd:
    def __init__(self, load: Load) -> None:
        self._load = load
        self._began_at = time.perf_counter()
        self._bodies = list(load.bodies)
        self._inside = load.clients
        self.empty = asyncio.Event()
        self.seconds: list[float] = []
        self.statuses: Counter[int] = Counter()

    def request(self) -> bytes:
        path, key = random.choice(self._load.paths), random.choice(self._load.keys)
        head = f"{path} HTTP/1.1\r\nHost: bench\r\nX-API-Key: {key}\r\n"
        if not self._load.bodies:
            return f"GET {head}\r\n".encode()
        body = self._bodies.pop()
        return (
            f"POST {head}{self._header(body)}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        ).encode()

    def _header(self, body: str) -> str:
        if not self._load.stripe_secret:
            return f"Idempotency-Key: {uuid4()}"
        at = int(time.time())
        sign = hmac.digest(self._load.stripe_secret.encode(), f"{at}.{body}".encode(), "sha256")
        return f"Stripe-Signature: t={at},v1={sign.hex()}"

    def note(self, status: int, seconds: float) -> None:
        self.statuses[status] += 1
        if status in _GOOD:
            self.seconds.append(seconds)

    def is_over(self) -> bool:
        return self.took >= self._load.seconds or bool(self._load.bodies and not self._bodies)

    @property
    def took(self) -> float:
        return time.perf_counter() - self._began_at

    def leave(self) -> None:
        self._inside -= 1
        if not self._inside:
            self.empty.set()


async def _run(load: Load) -> Answers:
    crowd, address = _Crowd(load), urlsplit(load.url)
    assert address.hostname
    assert address.port
    loop = asyncio.get_running_loop()
    for _ in range(load.clients):
        await loop.create_connection(lambda: _Client(crowd), address.hostname, address.port)
    await crowd.empty.wait()
    took = crowd.took
    points = quantiles([1000 * each for each in crowd.seconds], n=100)
    statuses = {str(status): count for status, count in crowd.statuses.items()}
    return Answers(len(crowd.seconds) / took, points[49], points[98], statuses)


if __name__ == "__main__":
    asked: dict[str, Any] = json.load(sys.stdin)
    print(json.dumps(asdict(uvloop.run(_run(Load(**asked))))))
