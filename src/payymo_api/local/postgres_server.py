"""The embedded PostgreSQL: its cluster made once, its server run by the supervisor."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from payymo_api.local.errors import CannotStart
from payymo_api.local.postgres_files import PostgresFiles
from payymo_api.local.process import run_as
from payymo_api.local.supervisor import Program

NAME = "postgres"
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
_WHO_MAY_CONNECT = "host all payymo 127.0.0.1/32 scram-sha-256\n"  # the superuser may not
_READY_LINE = 7  # of postmaster.pid, where PostgreSQL writes its state
# The password is 256 random bits: iterations would only slow every connection down.
_SETTINGS = ("scram_iterations=1", "max_connections=200", "timezone=UTC", "log_timezone=UTC")
_SETTINGS_OF_SYSTEM = {"linux": ("recovery_init_sync_method=syncfs",)}
"""After a crash, one call for the whole file system: file by file takes seconds."""
_FORGETFUL = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


def make_cluster(files: PostgresFiles, password: str) -> None:
    """Make the cluster, the login and the database `payymo`, unless they exist.

    The login owns its database and may create databases and roles but is no superuser: what a
    managed PostgreSQL gives. The cluster is made aside, so that a kill half-way leaves none.
    """
    if files.data.exists():
        return
    fresh = files.place / "new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    if files.user is not None:
        os.chown(fresh, files.user, -1)
    _run(files, "initdb", *_initdb_arguments(fresh / "data"))
    (fresh / "data" / "pg_hba.conf").write_text(_WHO_MAY_CONNECT)
    _run(
        files,
        "postgres",
        *("--single", "-D", str(fresh / "data"), *_flags(_SETTINGS), "postgres"),
        typed=f"CREATE ROLE payymo LOGIN CREATEDB CREATEROLE PASSWORD '{password}'\n"
        "CREATE DATABASE payymo OWNER payymo\n",
    )
    (fresh / "data").replace(files.data)
    fresh.rmdir()


def postgres_program(files: PostgresFiles, port: int, *, durable: bool) -> Program:
    """Return the server as a program on loopback. `durable=False` trades crash safety for speed."""
    settings = (
        "listen_addresses=127.0.0.1",
        "unix_socket_directories=",
        f"port={port}",
        *_SETTINGS,
        *_SETTINGS_OF_SYSTEM.get(sys.platform, ()),
        *(() if durable else _FORGETFUL),
    )
    return Program(
        name=NAME,
        argv=[str(files.programs / "postgres"), "-D", str(files.data), *_flags(settings)],
        environment=_ENVIRONMENT,
        stop_signal=signal.SIGINT,  # "fast": clients are cut off, the data is written out
        grace=30.0,
        user=files.user,
    )


def is_ready(files: PostgresFiles, pid: int) -> bool:
    """Tell whether the server with this pid accepts connections, by the file that it keeps."""
    try:
        lines = (files.data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    if len(lines) <= _READY_LINE or lines[0] != str(pid):
        return False
    return lines[_READY_LINE].strip() == "ready"


def _initdb_arguments(data: Path) -> list[str]:
    locale = ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    return ["-D", str(data), "-U", "postgres", "--auth=reject", "--encoding=UTF8", *locale]


def _flags(settings: tuple[str, ...]) -> list[str]:
    return [part for setting in settings for part in ("-c", setting)]


def _run(files: PostgresFiles, program: str, *arguments: str, typed: str = "") -> None:
    done = subprocess.run(
        [str(files.programs / program), *arguments],
        env=_ENVIRONMENT,
        input=typed,
        capture_output=True,
        text=True,
        check=False,
        **run_as(files.user),
    )
    if done.returncode:
        raise CannotStart(f"{program} failed: {done.stderr.strip()[-500:]}")
