"""What these tests see of processes and files from outside."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from payymo_api.local.process import Process
from payymo_api.local.roster import Roster

_PATIENCE = 30.0


def eventually(condition: Callable[[], bool]) -> None:
    """Fail unless the condition holds before patience ends."""
    deadline = time.monotonic() + _PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)


def children(folder: Path) -> dict[str, Process]:
    """Return what runs for this data folder, by name."""
    return {n: e.process for n, e in Roster(folder / "children.json").entries().items()}


def kill(process: Process) -> None:
    os.kill(process.pid, signal.SIGKILL)


def modes(folder: Path) -> dict[Path, int]:
    """Return the mode of the folder and of each of its parents."""
    return {path: path.stat().st_mode for path in (folder, *folder.parents)}
