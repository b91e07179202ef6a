"""The whole service on this machine: what `dev`, the demo and the fault suite run on."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from payymo_api.local.embedded import Servers
from payymo_api.local.environment import Addresses, environment, start_servers
from payymo_api.local.errors import CannotStart
from payymo_api.local.home import Home, open_home
from payymo_api.local.supervisor import Program, Supervisor

PAYYMO = (sys.executable, "-m", "payymo_api")
_LAST_WORDS = 2000  # characters of a log


@dataclass(frozen=True, slots=True)
class Stack:
    """A running service. `environment` holds its secrets."""

    home: Home
    base_url: str
    sandbox_url: str
    servers: Servers
    environment: Mapping[str, str]
    command: Sequence[str]
    supervisor: Supervisor

    def pid(self, name: str) -> int:
        """Return the pid of a child: `postgres`, `redis` or a name in `_programs`."""
        return self.supervisor.pids()[name]

    def run(self, *arguments: str) -> str:
        """Run one of our commands and return what it printed. CannotStart if it fails."""
        done = subprocess.run(
            [*self.command, *arguments],
            env=dict(self.environment),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise CannotStart(f"payymo {' '.join(arguments)} failed: {done.stderr[-_LAST_WORDS:]}")
        return done.stdout

    def is_ready(self) -> bool:
        """Tell whether the API answers that it can work."""
        try:
            answer = httpx.get(f"{self.base_url}/health/ready", trust_env=False)
        except httpx.TransportError:
            return False
        return answer.is_success


@contextmanager
def running_stack(
    folder: Path,
    *,
    command: Sequence[str] = PAYYMO,
    discard: bool = False,
    step: Callable[[str], None] = lambda _: None,
) -> Iterator[Stack]:
    """Start everything and yield when the API is ready; leave nothing running.

    `step` hears what begins; `discard` deletes the folder at the end. CannotStart says what failed.
    """
    with open_home(folder) as home, Supervisor(home, discard=discard) as supervisor:
        step("Starting PostgreSQL and Redis")
        servers = start_servers(supervisor, home)
        addresses = Addresses.chosen()
        stack = Stack(
            home=home,
            base_url=addresses.base_url,
            sandbox_url=addresses.sandbox_url,
            servers=servers,
            environment=environment(home, servers, addresses),
            command=command,
            supervisor=supervisor,
        )
        step("Migrating the database")
        stack.run("migrate")
        step("Starting API, workers and sandbox")
        for program in _programs(stack, addresses):
            supervisor.start(program)
        supervisor.wait_until(stack.is_ready, f"The API was not ready; see {home.log('api')}.")
        yield stack


def _programs(stack: Stack, addresses: Addresses) -> list[Program]:
    commands = {
        "sandbox": ("sandbox", "--port", str(addresses.sandbox_port)),
        "worker-sync": ("worker", "sync"),
        "worker-webhook": ("worker", "webhook"),
        "api": ("api",),
    }
    return [
        Program(name, [*stack.command, *arguments], stack.environment)
        for name, arguments in commands.items()
    ]
