"""Start programs, start again whichever ends, and leave none behind."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from payymo_api.local.errors import CannotStart
from payymo_api.local.home import Home
from payymo_api.local.process import Process, run_as
from payymo_api.local.roster import Entry, Roster

_FIRST_PAUSE = 0.1  # seconds before a restart; doubles up to the longest
_LONGEST_PAUSE = 2.0
_PATIENCE = 60.0  # seconds; a database may first recover from a crash
_STARTS_ALLOWED = 6  # before what is waited for holds; more are no accident
_LAST_WORDS = 2000  # characters of a log
_SETTLED = 10.0  # a child that lived this long, or was killed, did not fail to start


@dataclass(frozen=True, slots=True)
class Program:
    """`user` is the uid to run as, when it is not ours; `inherited` file descriptors stay open."""

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str]
    stop_signal: signal.Signals = signal.SIGTERM
    grace: float = 10.0
    user: int | None = None
    stdin: int = subprocess.DEVNULL
    inherited: tuple[int, ...] = ()

    def launch(self, log: Path) -> "subprocess.Popen[bytes]":
        """Start it in a session of its own: Ctrl-C reaches the supervisor only."""
        with log.open("ab") as output:
            return subprocess.Popen(
                self.argv,
                env=dict(self.environment),
                stdin=self.stdin,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=self.inherited,
                start_new_session=True,
                **run_as(self.user),
            )


class _Child:
    """One program and the thread that waits for it."""

    def __init__(self, program: Program, log: Path, roster: Roster | None) -> None:
        self.program = program
        self.starts = 0
        self._log = log
        self._roster = roster
        self._stopping = threading.Event()
        self._turn = threading.Lock()  # between launching and asking to end
        self._running = self._launch()
        self._thread = threading.Thread(target=self._keep, name=program.name, daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int:
        """Return the pid of the latest start."""
        return self._running.pid

    def stop(self) -> None:
        """Ask it to end, kill it after the grace, and start it no more."""
        with self._turn:
            self._stopping.set()
            self._running.send_signal(self.program.stop_signal)
        self._thread.join(self.program.grace)
        if self._thread.is_alive():
            with contextlib.suppress(ProcessLookupError):  # it ended just now
                os.killpg(self._running.pid, signal.SIGKILL)
            self._thread.join()

    def expect_end(self) -> None:
        """Start it no more, and wait until it has ended by itself."""
        self._stopping.set()
        self._thread.join()

    def _keep(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            began = time.monotonic()
            self._running.wait()
            if self._roster and not self._stopping.is_set():
                with contextlib.suppress(OSError):  # the disk is full; nobody has that pid and time
                    self._roster.remove(self.program.name)
            was_killed = self._running.returncode == -signal.SIGKILL
            if was_killed or time.monotonic() - began > _SETTLED:
                pause = _FIRST_PAUSE
            if self._stopping.wait(pause):
                break
            pause = min(2 * pause, _LONGEST_PAUSE)
            self._launch_again()
        if self._roster:
            self._roster.remove(self.program.name)

    def _launch_again(self) -> None:
        with self._turn:
            if self._stopping.is_set():
                return
            try:
                self._running = self._launch()
            except OSError as error:  # such as too many open files; the next turn tries again
                with contextlib.suppress(OSError), self._log.open("a") as log:
                    log.write(f"could not be started: {error}\n")

    def _launch(self) -> "subprocess.Popen[bytes]":
        running = self.program.launch(self._log)
        self.starts += 1
        self._note(running.pid)
        return running

    def _note(self, pid: int) -> None:
        if self._roster is None:
            return
        # macOS says NoSuchProcess of one that ended at once; on a full disk nothing can be noted
        with contextlib.suppress(psutil.NoSuchProcess, OSError):
            entry = Entry(Process.of(pid), self.program.stop_signal, self.program.grace)
            self._roster.add(self.program.name, entry)


class Supervisor:
    """A context manager: children left by a killed run end at its start, its own at its end."""

    def __init__(self, home: Home, *, discard: bool = False) -> None:
        """With `discard` the whole data folder is deleted at the end, also after kill -9."""
        self._home = home
        self._discard = discard
        self._roster = Roster(home.path / "children.json")
        self._children: dict[str, _Child] = {}

    def __enter__(self) -> Self:
        self._roster.end_all()
        self._pipe, self._held = os.pipe()
        flags = ["--discard"] if self._discard else []
        argv = [sys.executable, "-m", "payymo_api.local.watcher", str(self._home.path), *flags]
        watcher = Program(
            "watcher", argv, os.environ, stdin=self._pipe, inherited=(self._home.lock,)
        )
        self._watcher = _Child(watcher, self._fresh_log("watcher"), None)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            for child in reversed(self._children.values()):
                child.stop()
        finally:
            os.close(self._held)
            self._watcher.expect_end()
            os.close(self._pipe)

    def start(self, program: Program) -> None:
        """Start it and keep it running. OSError if it can't be executed."""
        log = self._fresh_log(program.name)
        self._children[program.name] = _Child(program, log, self._roster)

    @contextlib.contextmanager
    def without(self, name: str) -> Iterator[None]:
        """Stop a child meanwhile."""
        child = self._children[name]
        child.stop()
        try:
            yield
        finally:
            self._children[name] = _Child(child.program, self._home.log(name), self._roster)

    def wait_until(self, condition: Callable[[], bool], otherwise: str) -> None:
        """Return when the condition holds; CannotStart if it never does or a child can't start."""
        deadline = time.monotonic() + _PATIENCE
        while not condition():
            for name, child in self._children.items():
                if child.starts > _STARTS_ALLOWED:
                    last_words = self.log(name)[-_LAST_WORDS:]
                    raise CannotStart(f"{name} ends as soon as it starts:\n{last_words}")
            if time.monotonic() > deadline:
                raise CannotStart(otherwise)
            time.sleep(0.02)

    def pids(self) -> dict[str, int]:
        """Return the pid of every child's latest start, by name."""
        return {name: child.pid for name, child in self._children.items()}

    def starts(self, name: str) -> int:
        """Return how often the child was started."""
        return self._children[name].starts

    @property
    def watcher_pid(self) -> int:
        """Return the pid of the process that ends the children when we can't."""
        return self._watcher.pid

    def log(self, name: str) -> str:
        """Return what the child has written in this run."""
        return self._home.log(name).read_text(errors="replace")

    def _fresh_log(self, name: str) -> Path:
        path = self._home.log(name)
        path.write_bytes(b"")
        path.chmod(0o600)
        return path
