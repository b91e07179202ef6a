"""A process named so that a pid used again by somebody else is never taken for it."""

import contextlib
import os
import pwd
import signal
import time
from dataclasses import dataclass
from typing import Self, TypedDict

import psutil

_CLOCK_SLACK = 2.0  # seconds; the kernel's boot time, and so every start time, may be corrected
_POLL = 0.02


@dataclass(frozen=True, slots=True)
class Process:
    """`started` is in seconds since 1970, as the kernel tells it."""

    pid: int
    started: float

    @classmethod
    def of(cls, pid: int) -> Self:
        """Name a living process; psutil.NoSuchProcess if there is none."""
        return cls(pid, psutil.Process(pid).create_time())

    def is_running(self) -> bool:
        """Tell whether this very process lives; a zombie has ended."""
        try:
            found = psutil.Process(self.pid)
            if abs(found.create_time() - self.started) > _CLOCK_SLACK:
                return False
            return bool(found.status() != psutil.STATUS_ZOMBIE)
        except psutil.NoSuchProcess:
            return False

    def end(self, polite: signal.Signals, grace: float) -> None:
        """Ask by signal, wait `grace` seconds, then kill it with its process group."""
        with contextlib.suppress(ProcessLookupError):  # it may end between look and signal
            if self.is_running():
                os.kill(self.pid, polite)
            if not self._ends_within(grace):
                os.killpg(self.pid, signal.SIGKILL)
                self._ends_within(grace)

    def _ends_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.is_running():
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL)
        return True


class RunAs(TypedDict, total=False):
    """The arguments by which subprocess starts a program as another user."""

    user: int
    group: int
    extra_groups: list[int]
    cwd: str


def run_as(user: int | None) -> RunAs:
    """Return the arguments for this uid, none for ourselves; our folder may be closed to it."""
    if user is None:
        return {}
    group = pwd.getpwuid(user).pw_gid
    return {"user": user, "group": group, "extra_groups": [], "cwd": "/"}
