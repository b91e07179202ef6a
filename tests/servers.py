"""Real PostgreSQL and Redis for the suite: one pair for a run, a database of its own per worker.

Load it with `pytest_plugins = ["tests.servers"]` in tests/conftest.py, and override the fixture
`template_database` there to migrate the template, from which every worker's database is copied.

PAYYMO_DATABASE_URL and PAYYMO_REDIS_URL, where set, name servers to use instead. The login must be
allowed to create databases; the Redis databases from the URL's number on, one per worker, are
emptied.
"""

import asyncio
import fcntl
import os
import secrets
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, NamedTuple
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from redis import Redis

from payymo_api.local.embedded import Servers, embedded_servers

_URLS = ("PAYYMO_DATABASE_URL", "PAYYMO_REDIS_URL")


class ServerUrls(NamedTuple):
    database_url: str
    redis_url: str


@pytest.fixture(scope="session")
def template_database() -> Callable[[str], None]:
    """Called once in a run, in a thread without event loop, with the URL of the empty template."""
    return lambda _: None


@pytest.fixture(scope="session")
def servers(
    tmp_path_factory: pytest.TempPathFactory,
    worker_id: str,
    template_database: Callable[[str], None],
) -> Iterator[ServerUrls]:
    """Yield this worker's own database, a copy of the template, and its own Redis database."""
    run = tmp_path_factory.getbasetemp()
    run = run if worker_id == "master" else run.parent  # the workers of a run share the parent
    number = int(worker_id.removeprefix("gw")) if worker_id != "master" else 0
    with _shared(run, template_database) as (shared, template):
        name = f"{template}_{number}"
        _execute(shared.database_url, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        redis_url = _redis_database(shared.redis_url, number)
        yield ServerUrls(_with_path(shared.database_url, name), redis_url)
        _in_thread(lambda: asyncio.run(drop_database(shared.database_url, name)))


@contextmanager
def _shared(run: Path, prepare: Callable[[str], None]) -> Iterator[tuple[Servers, str]]:
    """Start the servers in the first worker that asks; it ends them when nobody uses them."""
    note = run / "servers"
    with (run / "users").open("w") as users, (run / "turn").open("w") as turn, ExitStack() as owned:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if note.exists():
            database_url, redis_url, template = note.read_text().split()
            found = Servers(database_url, redis_url)
        else:
            found = owned.enter_context(_started(run))
            template = owned.enter_context(_template(found.database_url, prepare))
            note.touch(mode=0o600)
            note.write_text(f"{found.database_url} {found.redis_url} {template}")
            owned.callback(_wait_for_the_others, users, turn, note)
        fcntl.flock(users, fcntl.LOCK_SH)
        fcntl.flock(turn, fcntl.LOCK_UN)
        yield found, template


def _wait_for_the_others(users: IO[str], turn: IO[str], note: Path) -> None:
    """Return, with the turn, when nobody uses the servers; whoever comes later starts new ones."""
    while True:
        fcntl.flock(turn, fcntl.LOCK_EX)
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fcntl.flock(turn, fcntl.LOCK_UN)
            time.sleep(0.1)
        else:
            note.unlink()
            return


@contextmanager
def _started(run: Path) -> Iterator[Servers]:
    given = [os.environ.get(name) for name in _URLS]
    if given[0] and given[1]:
        yield Servers(given[0], given[1])
        return
    with embedded_servers(run / "data", durable=False, discard=True) as ours:
        yield Servers(given[0] or ours.database_url, given[1] or ours.redis_url)


@contextmanager
def _template(url: str, prepare: Callable[[str], None]) -> Iterator[str]:
    name = f"payymo_test_{secrets.token_hex(4)}"
    _execute(url, f'CREATE DATABASE "{name}"')
    try:
        _in_thread(lambda: prepare(_with_path(url, name)))
        yield name
    finally:
        _in_thread(lambda: asyncio.run(drop_database(url, name)))


def _redis_database(url: str, number: int) -> str:
    first = int(urlsplit(url).path.strip("/") or 0)
    ours = _with_path(url, str(first + number))
    with Redis.from_url(ours) as redis:
        redis.flushdb()
    return ours


def _with_path(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def _execute(url: str, statement: str) -> None:
    _in_thread(lambda: asyncio.run(execute(url, statement)))


async def execute(url: str, statement: str) -> None:
    """Run it on a connection of its own: other tests of this worker cut what is open."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def drop_database(url: str, name: str) -> None:
    """Drop it with its connections; autovacuum, which we may not end, is soon done there."""
    for _ in range(100):
        with suppress(asyncpg.InsufficientPrivilegeError):
            return await execute(url, f'DROP DATABASE "{name}" WITH (FORCE)')
        await asyncio.sleep(0.2)
    raise AssertionError(f"somebody stays in {name}")


def _in_thread(call: Callable[[], None]) -> None:
    """Run it where no event loop is, so that it may make its own."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(call).result()
