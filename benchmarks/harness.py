"""Servers of a benchmark's own, tenants on them, and measures that take turns."""

import statistics
import subprocess
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import psutil

from benchmarks.results import Result
from payymo_api.core.db import Database
from payymo_api.core.settings import Settings
from payymo_api.core.types import TenantId
from payymo_api.local.environment import Addresses, environment, start_servers
from payymo_api.local.home import Home, open_home
from payymo_api.local.ports import LOOPBACK, free_port
from payymo_api.local.stack import PAYYMO
from payymo_api.local.supervisor import Program, Supervisor
from payymo_api.tenants import service as tenants


@dataclass(frozen=True, slots=True)
class Bench:
    """A migrated database and a Redis; nothing of ours runs on them but what `serve` starts.

    `rows`: how many the largest tenant shall have; `rounds`: how often the measures take turns.
    """

    rows: int
    rounds: int
    settings: Settings
    database: Database
    environment: Mapping[str, str]
    _home: Home
    _supervisor: Supervisor

    async def tenant(self, name: str) -> tuple[TenantId, str]:
        """Make a tenant with a key that no rate limit stops."""
        tenant_id = await tenants.create_tenant(self.database, name=name, plan="premium")
        made = await tenants.create_first_key(
            self.database, self.settings, tenant_id, name, per_minute=100_000_000
        )
        return tenant_id, made.key

    async def connect(self, tenant_id: TenantId) -> asyncpg.Connection:
        """Connect as the tenant, without our time limits: to seed, and for baselines."""
        connection = await asyncpg.connect(self.settings.database_url)
        await connection.execute(
            "SELECT set_config('role', 'payymo_app', false),"
            " set_config('payymo.tenant_id', $1, false)",
            str(tenant_id),
        )
        return connection

    def serve(self, name: str = "api", **settings: str) -> str:
        """Run `payymo api` with these settings changed until the benchmark ends; return its URL."""
        port = free_port()
        changed = {f"PAYYMO_{key.upper()}": text for key, text in settings.items()}
        environ = {**self.environment, **changed, "PAYYMO_PORT": str(port)}
        url = f"http://{LOOPBACK}:{port}"
        self._run(Program(name, [*PAYYMO, "api"], environ), f"{url}/health/ready")
        return url

    def serve_baseline(self, *argv: str, name: str = "baseline") -> str:
        """Run a baseline's program, its port being the last argument; return its URL."""
        port = free_port()
        url = f"http://{LOOPBACK}:{port}"
        self._run(Program(name, [*argv, str(port)], self.environment), url)
        return url

    def work(self, queue: str, name: str) -> None:
        """Run `payymo worker` until the benchmark ends."""
        port = free_port()
        environ = {**self.environment, "PAYYMO_WORKER_METRICS_PORT": str(port)}
        program = Program(name, [*PAYYMO, "worker", queue], environ)
        self._run(program, f"http://{LOOPBACK}:{port}/metrics")

    def without(self, name: str) -> AbstractContextManager[None]:
        """Stop a program meanwhile."""
        return self._supervisor.without(name)

    def cpu_seconds(self, name: str) -> float:
        """Return what a program that runs has used of the CPU."""
        used = psutil.Process(self._supervisor.pids()[name]).cpu_times()
        return float(used.user + used.system)

    def memory(self, name: str) -> float:
        """Return the MiB that a program that runs has resident."""
        return float(psutil.Process(self._supervisor.pids()[name]).memory_info().rss / 2**20)

    def _run(self, program: Program, url: str) -> None:
        self._supervisor.start(program)
        log = self._home.log(program.name)
        self._supervisor.wait_until(lambda: _answers(url), f"{program.name} did not start: {log}")


Benchmark = Callable[[Bench], Coroutine[Any, Any, Sequence[Result]]]
Measure = Callable[[], Awaitable[float]]


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).is_success
    except httpx.TransportError:
        return False


async def interleaved(rounds: int, *measures: Measure) -> list[list[float]]:
    """Return each measure's values; they take turns, so that the machine's moods even out."""
    values: list[list[float]] = [[] for _ in measures]
    for _ in range(rounds):
        for kept, measure in zip(values, measures, strict=True):
            kept.append(await measure())
    return values


def ratio(ours: Sequence[float], baseline: Sequence[float]) -> float:
    """Return the median of the rounds' ratios."""
    return statistics.median(mine / base for mine, base in zip(ours, baseline, strict=True))


@contextmanager
def bench_on_servers(folder: Path, *, rows: int, rounds: int) -> Iterator[Bench]:
    """Start durable servers, migrate, and delete everything at the end.

    PAYYMO_DATABASE_URL and PAYYMO_REDIS_URL, where set, name servers to use instead.
    """
    with open_home(folder) as home, Supervisor(home, discard=True) as supervisor:
        servers = start_servers(supervisor, home)
        environ = environment(home, servers, Addresses.chosen())
        quiet = {**environ, "PAYYMO_LOG_LEVEL": "warning"}
        subprocess.run([*PAYYMO, "migrate"], env=quiet, check=True)  # noqa: S603  this program
        settings = Settings.model_validate(
            {
                name.removeprefix("PAYYMO_").lower(): text
                for name, text in environ.items()
                if name.startswith("PAYYMO_")
            }
        )
        database = Database.of(settings)
        yield Bench(rows, rounds, settings, database, environ, home, supervisor)
