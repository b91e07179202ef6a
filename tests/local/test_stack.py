import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from payymo_api.local.dev import demo_key
from payymo_api.local.errors import CannotStart
from payymo_api.local.stack import running_stack
from tests.local import stand_in
from tests.local.eyes import children, eventually, kill

COMMAND = (sys.executable, stand_in.__file__)
NAMES = {"postgres", "redis", "sandbox", "worker-sync", "worker-webhook", "api"}
HOLD = Path(__file__).with_name("hold.py")
DEV = (
    "import sys; from pathlib import Path; from payymo_api.local.dev import dev; "
    "dev(Path(sys.argv[1]), command=sys.argv[2:])"
)


def test_runs_everything_until_its_end(folder: Path) -> None:
    with running_stack(folder, command=COMMAND) as stack:
        running = children(folder)
        assert httpx.get(f"{stack.base_url}/health/ready").status_code == httpx.codes.OK
        assert {name: stack.pid(name) for name in NAMES} == {n: p.pid for n, p in running.items()}
    assert not any(process.is_running() for process in running.values())


def test_starts_a_killed_api_again_at_the_same_address(folder: Path) -> None:
    with running_stack(folder, command=COMMAND) as stack:
        first = children(folder)["api"]
        kill(first)
        eventually(lambda: stack.pid("api") != first.pid)
        eventually(stack.is_ready)


def test_says_why_a_program_does_not_start(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAND_IN_FAILS", "api")
    with pytest.raises(CannotStart, match="api is out of order"):  # noqa: SIM117
        with running_stack(folder, command=COMMAND):
            pass
    assert children(folder) == {}


def test_says_why_a_command_failed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAND_IN_FAILS", "migrate")
    with (
        pytest.raises(CannotStart, match="payymo migrate failed: migrate is out of order"),
        running_stack(folder, command=COMMAND),
    ):
        pass
    assert children(folder) == {}


def test_hides_foreign_settings_from_the_programs(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAYYMO_GOCARDLESS_SECRET_KEY", "of a live account")
    with running_stack(folder, command=COMMAND) as stack:
        assert "of a live account" not in stack.environment.values()


def test_keeps_the_demo_key_from_run_to_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "demo-tenant.json").unlink(missing_ok=True)
    with running_stack(folder, command=COMMAND) as stack:
        key = demo_key(stack)
        assert (folder / "demo-tenant.json").stat().st_mode & 0o077 == 0
    monkeypatch.setenv("STAND_IN_FAILS", "key")
    with running_stack(folder, command=COMMAND) as stack:
        assert demo_key(stack) == key


def test_makes_a_new_demo_key_when_the_old_one_is_refused(folder: Path) -> None:
    with running_stack(folder, command=COMMAND) as stack:
        stack.home.keep("demo-tenant.json", {"tenant": "tenant_x", "key": "of another database"})
        assert demo_key(stack) == stand_in.KEY


def test_leaves_nothing_when_the_parent_is_killed(folder: Path) -> None:
    argv = [sys.executable, str(HOLD), "stack", str(folder), *COMMAND]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        assert parent.stdout.readline() == b"ready\n"
        running = children(folder)
        parent.kill()
        eventually(lambda: not any(process.is_running() for process in running.values()))
    assert set(running) == NAMES


@pytest.mark.parametrize("polite", [signal.SIGINT, signal.SIGTERM])
def test_dev_prints_the_key_and_stops_when_asked(folder: Path, polite: signal.Signals) -> None:
    argv = [sys.executable, "-c", DEV, str(folder), *COMMAND]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=environment) as dev:
        assert dev.stdout
        printed = ""
        while "Ctrl-C" not in printed:
            line = dev.stdout.readline()
            assert line, f"dev ended: {printed}"
            printed += line
        running = children(folder)
        dev.send_signal(polite)
        dev.wait()
    assert stand_in.KEY in printed
    assert "/docs" in printed
    assert not any(process.is_running() for process in running.values())
