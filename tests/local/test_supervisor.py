import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from payymo_api.local.home import open_home
from payymo_api.local.process import Process
from payymo_api.local.supervisor import Program, Supervisor
from tests.local.eyes import children, eventually, kill

WAITS = "import threading; print('up', flush=True); threading.Event().wait()"
STUBBORN = (
    "import signal, threading; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "print('up', flush=True); threading.Event().wait()"
)


def python(name: str, code: str, grace: float = 10.0) -> Program:
    return Program(
        name, [sys.executable, "-c", code], {"SECRET": "in the environment"}, grace=grace
    )


@pytest.fixture
def supervisor(folder: Path) -> Iterator[Supervisor]:
    with open_home(folder) as home, Supervisor(home) as supervisor:
        yield supervisor


def test_starts_a_killed_child_again(supervisor: Supervisor, folder: Path) -> None:
    supervisor.start(python("worker", WAITS))
    first = children(folder)["worker"]
    kill(first)
    eventually(lambda: children(folder).get("worker", first) != first)
    eventually(lambda: supervisor.pids()["worker"] == children(folder)["worker"].pid)
    assert supervisor.starts("worker") == 2


def test_starts_a_child_again_that_ended_by_itself(supervisor: Supervisor) -> None:
    supervisor.start(python("worker", "print('done')"))
    eventually(lambda: supervisor.starts("worker") >= 3)


def test_keeps_what_a_child_writes_over_its_restarts(supervisor: Supervisor) -> None:
    supervisor.start(python("worker", "import sys; print('out'); print('err', file=sys.stderr)"))
    eventually(lambda: supervisor.log("worker").count("out") >= 2)
    assert "err" in supervisor.log("worker")


def test_gives_a_child_its_environment_and_no_more(supervisor: Supervisor) -> None:
    code = "import os; print(sorted(k for k in os.environ if k != 'LC_CTYPE'), flush=True)"
    supervisor.start(python("worker", code))
    eventually(lambda: "['SECRET']" in supervisor.log("worker"))


def test_starts_a_killed_watcher_again(folder: Path) -> None:
    with open_home(folder) as home, Supervisor(home) as supervisor:
        first = Process.of(supervisor.watcher_pid)
        kill(first)
        eventually(lambda: supervisor.watcher_pid != first.pid)
    assert not first.is_running()


def test_stops_children_in_the_reverse_order_of_their_start(folder: Path, tmp_path: Path) -> None:
    told = tmp_path / "told"
    code = (
        "import signal, sys\n"
        f"def end(*_): open({str(told)!r}, 'a').write(sys.argv[1] + ' '); sys.exit()\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "print('up', flush=True)\n"
        "signal.pause()"
    )
    with open_home(folder) as home, Supervisor(home) as supervisor:
        for name in ("server", "program"):
            supervisor.start(Program(name, [sys.executable, "-c", code, name], {}))
        eventually(lambda: all("up" in supervisor.log(name) for name in supervisor.pids()))
    assert told.read_text() == "program server "


def test_kills_a_child_that_does_not_end_when_asked(folder: Path) -> None:
    with open_home(folder) as home, Supervisor(home) as supervisor:
        supervisor.start(python("worker", STUBBORN, grace=0.2))
        eventually(lambda: "up" in supervisor.log("worker"))
        worker = children(folder)["worker"]
    assert not worker.is_running()
    assert children(folder) == {}


def test_refuses_a_program_that_is_not_there(supervisor: Supervisor) -> None:
    with pytest.raises(FileNotFoundError):
        supervisor.start(Program("worker", ["/no/such/program"], {}))


def test_asks_by_the_signal_that_the_program_wants(folder: Path) -> None:
    code = (
        "import signal, sys\n"
        "signal.signal(signal.SIGINT, lambda *_: (print('asked', flush=True), sys.exit()))\n"
        "print('up', flush=True)\n"
        "signal.pause()"
    )
    with open_home(folder) as home, Supervisor(home) as supervisor:
        wanted = Program("server", [sys.executable, "-c", code], {}, stop_signal=signal.SIGINT)
        supervisor.start(wanted)
        eventually(lambda: "up" in supervisor.log("server"))
    assert "asked" in supervisor.log("server")
