"""Clients that ask without a pause, and what they were answered."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from statistics import quantiles

import aiohttp

from tests.fault.stage import Player, Stage

A_READ = "/api/v1/invoices?limit=5"
BOUND = 20.0  # seconds in which every request is answered, come what may
_PROBLEM = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Answer:
    """`status` 0: no answer at all."""

    at: float
    seconds: float
    status: int
    retry_after: int | None = None
    is_problem: bool = False


@dataclass(slots=True)
class Traffic:
    answers: list[Answer] = field(default_factory=list)

    def statuses(self) -> Counter[int]:
        return Counter(each.status for each in self.answers)

    def since(self, moment: float) -> list[Answer]:
        return [each for each in self.answers if each.at >= moment]

    def slowest(self) -> float:
        return max((each.seconds for each in self.answers), default=0.0)


def percentile(answers: Sequence[Answer], hundredth: int) -> float:
    seconds = [each.seconds for each in answers]
    return quantiles(seconds, n=100)[hundredth - 1] if len(seconds) > 1 else sum(seconds)


@asynccontextmanager
async def traffic(stage: Stage, player: Player, clients: int) -> AsyncIterator[Traffic]:
    """Let clients read as fast as they are answered; one that is told to wait waits."""
    seen = Traffic()
    connector, limit = aiohttp.TCPConnector(limit=clients), aiohttp.ClientTimeout(total=BOUND)
    headers = {"X-API-Key": player.key}
    async with aiohttp.ClientSession(
        stage.stack.base_url, connector=connector, timeout=limit, headers=headers
    ) as session:
        reading = [asyncio.create_task(_read(session, seen)) for _ in range(clients)]
        try:
            yield seen
        finally:
            for each in reading:
                each.cancel()
            await asyncio.gather(*reading, return_exceptions=True)


async def _read(session: aiohttp.ClientSession, seen: Traffic) -> None:
    while True:
        answer = await ask(session, "GET", A_READ)
        seen.answers.append(answer)
        await asyncio.sleep(answer.retry_after or 0)


async def ask(
    session: aiohttp.ClientSession,
    method: str,
    path: str,
    body: object = None,
    headers: dict[str, str] | None = None,
) -> Answer:
    began = time.monotonic()
    try:
        async with session.request(method, path, json=body, headers=headers) as response:
            await response.read()
    except (aiohttp.ClientError, TimeoutError):
        return Answer(began, time.monotonic() - began, 0)
    after = response.headers.get("Retry-After")
    return Answer(
        began,
        time.monotonic() - began,
        response.status,
        int(after) if after else None,
        response.content_type == _PROBLEM,
    )
