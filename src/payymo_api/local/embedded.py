"""PostgreSQL and Redis of a data folder, on loopback, for as long as a supervisor lives."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from payymo_api.local import postgres_server, redis_server
from payymo_api.local.home import Home, open_home
from payymo_api.local.ports import LOOPBACK, free_port
from payymo_api.local.postgres_files import PostgresFiles
from payymo_api.local.supervisor import Supervisor


@dataclass(frozen=True, slots=True)
class Servers:
    """Where the two servers are; the URLs hold their passwords."""

    database_url: str
    redis_url: str


@contextmanager
def embedded_servers(
    folder: Path, *, durable: bool = True, discard: bool = False
) -> Iterator[Servers]:
    """Run both servers, restarted when they end, and stop them at the end.

    `discard` deletes the folder afterwards. FolderInUse if another run has it.
    """
    with open_home(folder) as home, Supervisor(home, discard=discard) as supervisor:
        yield Servers(
            database_url=start_postgres(supervisor, home, durable=durable),
            redis_url=start_redis(supervisor, home),
        )


def start_postgres(supervisor: Supervisor, home: Home, *, durable: bool = True) -> str:
    """Start PostgreSQL, made at the first time, and return its URL when it answers."""
    files, port, password = PostgresFiles.of(home), free_port(), home.secrets().database_password
    postgres_server.make_cluster(files, password)
    supervisor.start(postgres_server.postgres_program(files, port, durable=durable))
    supervisor.wait_until(
        lambda: postgres_server.is_ready(files, supervisor.pids()[postgres_server.NAME]),
        f"PostgreSQL did not start; see {home.log(postgres_server.NAME)}.",
    )
    return f"postgresql://payymo:{password}@{LOOPBACK}:{port}/payymo"


def start_redis(supervisor: Supervisor, home: Home) -> str:
    """Start Redis and return its URL when it answers."""
    port, password = free_port(), home.secrets().redis_password
    program = redis_server.redis_program(home, redis_server.redis_binary(), port, password)
    supervisor.start(program)
    url = f"redis://:{password}@{LOOPBACK}:{port}/0"
    supervisor.wait_until(
        lambda: redis_server.is_ready(url),
        f"Redis did not start; see {home.log(redis_server.NAME)}.",
    )
    return url
