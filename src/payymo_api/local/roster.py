"""The children of a data folder, on disk, so that they can be ended by whoever outlives them."""

import json
import signal
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from payymo_api.local.process import Process


@dataclass(frozen=True, slots=True)
class Entry:
    """A running child and how it wants to be asked to end."""

    process: Process
    stop_signal: signal.Signals
    grace: float


class Roster:
    """Written by the supervisor at each start and end of a child; the file is replaced whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def entries(self) -> dict[str, Entry]:
        """Return the children by name, oldest first."""
        try:
            rows = json.loads(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        return {
            row["name"]: Entry(
                Process(row["pid"], row["started"]), signal.Signals(row["signal"]), row["grace"]
            )
            for row in rows
        }

    def add(self, name: str, entry: Entry) -> None:
        """Note a child that was started (again)."""
        with self._lock:
            self._write(self.entries() | {name: entry})

    def remove(self, name: str) -> None:
        """Note that a child has ended."""
        with self._lock:
            self._write({key: entry for key, entry in self.entries().items() if key != name})

    def end_all(self) -> None:
        """End every child noted, the youngest first: programs before the servers they use."""
        for name, entry in reversed(self.entries().items()):
            entry.process.end(entry.stop_signal, entry.grace)
            with suppress(OSError):  # the disk is full; the others must end all the same
                self.remove(name)

    def _write(self, entries: dict[str, Entry]) -> None:
        rows = [
            {
                "name": name,
                "pid": entry.process.pid,
                "started": entry.process.started,
                "signal": int(entry.stop_signal),
                "grace": entry.grace,
            }
            for name, entry in entries.items()
        ]
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps(rows))
        fresh.replace(self._path)
