"""The data folder: who holds it, and what it keeps from one run to the next."""

import base64
import fcntl
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import psutil

from payymo_api.local.errors import CannotStart, FolderInUse
from payymo_api.local.process import Process

_OWN = 0o700
_SECRET = 0o600
_PATIENCE = 40.0  # seconds that the watcher of a killed run may need to end its children


@dataclass(frozen=True, slots=True)
class Secrets:
    """Made once for a data folder; its database can't be read without them."""

    database_password: str
    redis_password: str
    encryption_keys: str
    api_key_pepper: str
    metrics_token: str

    @classmethod
    def fresh(cls) -> Self:
        """Draw new ones; `encryption_keys` in the form that `Keyring.parse` reads."""
        return cls(
            database_password=secrets.token_hex(32),
            redis_password=secrets.token_hex(32),
            encryption_keys=f"dev:{base64.b64encode(secrets.token_bytes(32)).decode()}",
            api_key_pepper=secrets.token_hex(32),
            metrics_token=secrets.token_hex(32),
        )


@dataclass(frozen=True, slots=True)
class Home:
    """`lock` is the open file whose lock says that the folder is in use."""

    path: Path
    lock: int

    def log(self, name: str) -> Path:
        """Return where the child of this name writes."""
        return self.path / "logs" / f"{name}.log"

    def keep(self, name: str, value: object) -> None:
        """Write `value` as JSON that only its owner may read; whole or not at all."""
        fresh = self.path / f"{name}.new"
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _SECRET), "w") as file:
            json.dump(value, file)
        fresh.replace(self.path / name)

    def kept(self, name: str) -> dict[str, str] | None:
        """Return what was kept under this name, None before the first time."""
        path = self.path / name
        return dict(json.loads(path.read_bytes())) if path.exists() else None

    def secrets(self) -> Secrets:
        """Return the folder's secrets, made at the first call."""
        kept = self.kept("secrets.json")
        if kept is None:
            kept = asdict(Secrets.fresh())
            self.keep("secrets.json", kept)
        return Secrets(**kept)


@contextmanager
def open_home(folder: Path) -> Iterator[Home]:
    """Make and hold the data folder. FolderInUse while another run lives in it."""
    path = folder.resolve()
    try:
        (path / "logs").mkdir(mode=_OWN, parents=True, exist_ok=True)
        path.chmod(_OWN)
        lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT, _SECRET)
    except PermissionError as error:
        raise CannotStart(f"{path} belongs to another user; name another folder.") from error
    try:
        _take(lock, path)
        yield Home(path, lock)
    finally:
        os.close(lock)


def remove(folder: Path) -> None:
    """Delete a data folder that we hold, and what it links to outside."""
    outside = (folder / "postgres").resolve()
    if (folder / "postgres").is_symlink() and outside.exists():
        shutil.rmtree(outside)
    if folder.exists():
        shutil.rmtree(folder)


def discard(folder: Path) -> None:
    """Delete a data folder. FolderInUse while a run holds it."""
    with open_home(folder):
        remove(folder)


def _take(lock: int, path: Path) -> None:
    """Wait only for the watcher of a run that was killed; it ends that run's children."""
    deadline = time.monotonic() + _PATIENCE
    while not _locked(lock):
        holder = os.pread(lock, 100, 0)
        if holder and Process(**json.loads(holder)).is_running():
            raise FolderInUse(f"{path} is in use by process {json.loads(holder)['pid']}; stop it.")
        if time.monotonic() > deadline:
            raise FolderInUse(f"{path} is still held by the watcher of a run that was killed.")
        time.sleep(0.05)
    os.ftruncate(lock, 0)
    us = psutil.Process()
    os.pwrite(lock, json.dumps({"pid": us.pid, "started": us.create_time()}).encode(), 0)


def _locked(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
