"""A program: the service on a disk that fills up, inside a mount namespace of its own.

The database lies on a tmpfs that nobody else sees; a file takes all the room that is left.
"""

import asyncio
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import aiohttp
from sqlalchemy import text

from tests.fault import ledger
from tests.fault.stage import Player, Stage, staged
from tests.fault.traffic import BOUND, Answer, ask

_SIZE = "600m"
_FULL = 20.0  # seconds
_BLOCK = bytes(1 << 16)
_CUSTOMERS = "/api/v1/customers"


async def main(place: Path) -> None:
    os.environ["PAYYMO_PORT"] = "0"
    _mount(place)
    async with staged(_folder(place)) as stage:
        writer, early = await stage.player(), [await stage.player() for _ in range(2)]
        late = [await stage.player() for _ in range(2)]
        await stage.play(early)
        with _filled(place):
            playing = asyncio.create_task(stage.play(late))
            answers, undone = await _write(stage, writer, _FULL)
        again, recovered = await _repeat(stage, writer, undone)
        await playing
        kept = await _customers(stage, writer)
        stage.players.remove(writer)
        await ledger.check(stage)
        statuses = Counter(each.status for each in answers)
        print(dict(stage.counts()), dict(statuses), f"{recovered:.1f} s to recover")  # noqa: T201  the report
        assert set(statuses) <= {201, 503}, statuses
        assert statuses[503], "the disk was never full"
        assert all(each.is_problem and each.retry_after for each in answers if each.status == 503)
        assert max(each.seconds for each in answers) < BOUND
        assert kept == statuses[201] + again


def _mount(place: Path) -> None:
    subprocess.run(  # noqa: S603  our own words
        ["mount", "-t", "tmpfs", "-o", f"size={_SIZE},mode=711", "tmpfs", str(place)],  # noqa: S607  wherever it lies
        check=True,
    )


def _folder(place: Path) -> Path:
    """A data folder whose database lies on the small disk, as one of root lies below /var/lib."""
    outside, folder = place / "outside", place / "payymo"
    for each in (outside, folder):
        each.mkdir()
    outside.chmod(0o711)
    (folder / "postgres").symlink_to(outside)
    return folder


@contextmanager
def _filled(place: Path) -> Iterator[None]:
    """Leave no room for anybody else."""
    filler = place / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(_BLOCK)
        except OSError:
            pass
    try:
        yield
    finally:
        filler.unlink()


async def _write(stage: Stage, player: Player, seconds: float) -> tuple[list[Answer], list[str]]:
    """Make customers, each under a key of its own; return the keys that were not accepted."""
    answers, undone, end = list[Answer](), list[str](), time.monotonic() + seconds
    async with _session(stage, player) as session:
        while time.monotonic() < end:
            key = uuid4().hex
            answers.append(await _make(session, key))
            if answers[-1].status != 201:
                undone.append(key)
                await asyncio.sleep(0.2)
    return answers, undone


async def _repeat(stage: Stage, player: Player, keys: list[str]) -> tuple[int, float]:
    """Send again what was refused; return how many, and the seconds until the first success."""
    began, first = time.monotonic(), 0.0
    async with _session(stage, player) as session, asyncio.timeout(120):
        for key in keys:
            while (await _make(session, key)).status != 201:  # noqa: ASYNC110  asks again
                await asyncio.sleep(0.1)
            first = first or time.monotonic() - began
    return len(keys), first


async def _make(session: aiohttp.ClientSession, key: str) -> Answer:
    body = {"external_id": key, "name": "Meridian Foods Ltd", "country": "GB"}
    return await ask(session, "POST", _CUSTOMERS, body, {"Idempotency-Key": key})


def _session(stage: Stage, player: Player) -> aiohttp.ClientSession:
    limit = aiohttp.ClientTimeout(total=2 * BOUND)
    headers = {"X-API-Key": player.key}
    return aiohttp.ClientSession(stage.stack.base_url, headers=headers, timeout=limit)


async def _customers(stage: Stage, player: Player) -> int:
    async with stage.database.scope(player.tenant_id) as scope:
        return int(await scope.session.scalar(text("SELECT count(*) FROM customers")) or 0)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
